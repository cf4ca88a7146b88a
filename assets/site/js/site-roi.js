// The calculator in the browser: sliders beside the fields, and the forecast anew as they move. The formula is that of roi/model.rs,
// step by step in the same order, so that both give the same figures. Nothing is sent anywhere.

const YEAR = 12, LONGEST = 120, MONTH = 1.0079741404289038, SPREAD = 0.25;
const MOST = {
  inquiriesMonth: 1e6, missedShare: 1, recoveryShare: 1, closeRate: 1, value: 1e7, margin: 1, hoursSavedMonth: 1e5, loadedRate: 1e4,
  realisation: 1, runningCostMonth: 1e7, setupCost: 1e8, rampMonths: 12,
};
const UNSURE_FIRST = ["recoveryShare", "missedShare", "closeRate", "value", "inquiriesMonth", "margin", "realisation", "hoursSavedMonth",
  "loadedRate", "setupCost", "runningCostMonth"];
const COSTS = new Set(["setupCost", "runningCostMonth"]);

const bounded = (value, most) => (Number.isNaN(value) ? 0 : Math.min(Math.max(value, 0), most));
// Halves away from zero, as the server rounds.
const rounded = (value, parts) => (Math.sign(value) * Math.round(Math.abs(value) * parts)) / parts + 0;
const moved = (a, key, factor) => ({ ...a, [key]: bounded(a[key] * factor, MOST[key]) });
const recovered = (a) => a.inquiriesMonth * a.missedShare * a.recoveryShare * a.closeRate * a.value * a.margin;
const hoursValue = (a) => a.hoursSavedMonth * a.loadedRate * a.realisation;
const reached = (month, ramp) => (month > ramp ? 1 : (month - 0.5) / ramp);
const benefit = (a, month) => (recovered(a) + hoursValue(a)) * reached(month, a.rampMonths);

function flows(a, months, factor) {
  const sums = [];
  let sum = -a.setupCost, discount = 1;
  for (let month = 1; month <= months; month++) {
    discount *= factor;
    sum += (benefit(a, month) - a.runningCostMonth) / discount;
    sums.push(sum);
  }
  return sums;
}

const netYear = (a) => flows(a, YEAR, 1)[YEAR - 1];

function payback(a, factor) {
  let before = -a.setupCost, back = before >= 0 ? 0 : null;
  flows(a, LONGEST, factor).forEach((sum, n) => {
    if (sum < 0) back = null;
    else if (back === null) back = n + before / (before - sum);
    before = sum;
  });
  return back === null ? null : rounded(back, 10);
}

function caseOf(a) {
  const costs = a.runningCostMonth * YEAR + a.setupCost;
  let benefits = 0;
  for (let month = 1; month <= YEAR; month++) benefits += benefit(a, month);
  return {
    recoveredMarginMonth: rounded(recovered(a), 100),
    hoursValueMonth: rounded(hoursValue(a), 100),
    netMonth: rounded(recovered(a) + hoursValue(a) - a.runningCostMonth, 100),
    netYear: rounded(netYear(a), 100),
    roiPercent: costs >= 1 ? rounded((benefits / costs - 1) * 100, 10) : null,
    paybackMonths: payback(a, 1),
    paybackDiscountedMonths: payback(a, MONTH),
    npv: rounded(flows(a, YEAR, MONTH)[YEAR - 1], 100),
  };
}

function largest(a) {
  const left = UNSURE_FIRST.map((key) => [key, Math.abs(netYear(moved(a, key, 1 + SPREAD)) - netYear(moved(a, key, 1 - SPREAD)))]);
  return [0, 1, 2].map(() => {
    let best = 0;
    left.forEach(([, swing], place) => { if (swing > left[best][1] * (1 + 1e-9)) best = place; });
    return left.splice(best, 1)[0][0];
  });
}

export function forecast(given) {
  const base = {};
  for (const key of Object.keys(MOST)) base[key] = bounded(given[key], MOST[key]);
  base.rampMonths = Math.round(base.rampMonths);
  const keys = largest(base);
  const turned = (better) =>
    keys.reduce((a, key) => moved(a, key, better === COSTS.has(key) ? 1 - SPREAD : 1 + SPREAD), base);
  return { low: caseOf(turned(false)), base: caseOf(base), high: caseOf(turned(true)), assumptions: base, largest: keys };
}

// How figures read: as the server writes them.
const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");
const count = (value) => (value < 0 ? "−" : "") + grouped(String(Math.abs(Math.round(value))));
const number = (value) => {
  const [whole, rest] = String(rounded(value, 100)).split(".");
  return grouped(whole) + (rest ? `.${rest}` : "");
};
const months = (value) =>
  value === null ? "not within ten years" : value === 0 ? "at once" : value === 1 ? "1 month" : `${value} months`;
const percentage = (value) => (value === null ? "no cost" : `${(value < 0 ? "−" : "") + grouped(String(Math.round(Math.abs(value))))} %`);

function money(value, currency, digits) {
  const unit = 10 ** digits, minor = Math.round(Math.abs(value) * unit);
  const whole = Math.floor(minor / unit), rest = minor % unit;
  let text = grouped(String(whole));
  if (whole < 100 && rest) text = `${whole}.${String(rest).padStart(digits, "0")}`;
  else if (whole >= 100) text = grouped(String(whole + (rest * 2 >= unit ? 1 : 0)));
  const sign = value < 0 && minor ? "−" : "";
  const mark = { USD: "$", EUR: "€", GBP: "£" }[currency];
  return mark ? `${sign}${mark}${text}` : `${sign}${text} ${currency}`;
}

function begin(root) {
  const form = root.querySelector("[data-roi-form]");
  const fields = [...form.querySelectorAll("input[data-kind]")];
  const { currency } = root.dataset, digits = Number(root.dataset.digits);
  const amount = (value) => money(value, currency, digits);
  const write = (place, text) => { if (place.textContent !== text) place.textContent = text; };
  const said = { count: number, months: number, share: (v) => `${number(v)} %`, money: amount, hours: (v) => `${number(v)} h` };
  const out = (key, value) => (key.startsWith("payback") ? months(value) : key === "roiPercent" ? percentage(value) : amount(value));

  // Sliders move the fields; the fields are what counts.
  const sliders = fields.map((field) => {
    const slider = document.createElement("input");
    const label = form.querySelector(`label[for="${field.id}"]`);
    slider.type = "range";
    slider.className = "roi-slider";
    slider.min = "0";
    slider.step = field.dataset.step;
    slider.setAttribute("aria-label", `${label.textContent}, slider`);
    const follow = () => {
      const value = Number(field.value) || 0;
      slider.max = String(Math.min(Number(field.max), Math.max(Number(field.dataset.reach), value, Number(slider.max) || 0)));
      slider.value = String(value);
      slider.setAttribute("aria-valuetext", said[field.dataset.kind](value));
    };
    slider.max = "0";
    field.closest(".roi-entry").after(slider);
    slider.addEventListener("input", () => {
      field.value = slider.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    follow();
    return follow;
  });

  // What somebody put in goes along in the address of the page, in the link of a result and in its PDF: whoever gets one sees the same.
  const asked = new URLSearchParams(location.search);
  const carry = () => {
    const figures = new URLSearchParams();
    for (const field of fields) {
      if (asked.has(field.name) || field.value !== field.defaultValue) figures.set(field.name, String(field.valueAsNumber));
    }
    const along = (address) => address.split("?")[0] + (String(figures) && `?${figures}`);
    for (const paper of document.querySelectorAll("main a[href*='/report.pdf']")) paper.href = along(paper.href);
    for (const share of document.querySelectorAll("[data-share]")) share.value = along(share.value);
    if (new URL(form.action).pathname !== location.pathname) return;
    const all = new URLSearchParams(location.search);
    for (const { name } of fields) all.delete(name);
    for (const [name, value] of figures) all.set(name, value);
    history.replaceState(history.state, "", location.pathname + (String(all) && `?${all}`) + location.hash);
  };

  // The form of the hours takes the figures along as they are now.
  document.querySelector("[data-roi-hours]")?.addEventListener("formdata", (event) => {
    for (const field of fields) {
      const other = asked.has(field.name) || field.value !== field.defaultValue;
      if (other && field.name !== "hoursSavedMonth") event.formData.set(field.name, String(field.valueAsNumber));
    }
  });

  // The sentence that is read aloud follows when the figures rest.
  let resting;
  const sum = root.querySelector("[data-sum]");
  const places = (name) => [...root.querySelectorAll(`[data-${name}]`)];
  const outs = places("out").filter((place) => !sum.contains(place)), ins = places("in");

  const show = () => {
    const given = {};
    for (const field of fields) {
      const value = field.valueAsNumber;
      // Half-typed figures wait.
      if (!Number.isFinite(value) || !field.validity.valid) return;
      given[field.name] = field.dataset.kind === "share" ? value / 100 : value;
    }
    const made = forecast(given);
    const fill = (place) => {
      const [which, key] = place.dataset.out.split(".");
      write(place, out(key, made[which][key]));
    };
    outs.forEach(fill);
    for (const place of ins) {
      const field = form.elements[place.dataset.in];
      write(place, said[field.dataset.kind](field.valueAsNumber));
    }
    const [one, two, three] = made.largest.map((key) => form.elements[key].dataset.name);
    write(root.querySelector("[data-largest]"), `${one}, ${two} and ${three}`);
    clearTimeout(resting);
    resting = setTimeout(() => {
      sum.querySelectorAll("[data-out]").forEach(fill);
      carry();
    }, 400);
  };

  form.addEventListener("input", (event) => {
    const place = fields.indexOf(event.target);
    if (place < 0) return;
    sliders[place]();
    show();
  });
  form.addEventListener("reset", () => setTimeout(() => { sliders.forEach((follow) => follow()); show(); }));
  // With script the figures are there already: Enter in a field computes nothing anew.
  form.addEventListener("submit", (event) => { if (form.checkValidity()) event.preventDefault(); });
  form.querySelector("button[type=submit]").hidden = true;
}

if (typeof document !== "undefined") document.querySelectorAll("[data-roi]").forEach(begin);
