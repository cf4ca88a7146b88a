// Tells a browser from a program that fills forms: the browser does a little work, which costs a person nothing. It begins with the first
// touch of a form and runs in slices that nobody notices. Without script the form works as well. Also offers the times of the visitor's
// own place where a page shows those of another.

const K = new Uint32Array(64);
const H = new Uint32Array(8);

// The constants of SHA-256: the first bits of the roots of the first primes.
(() => {
  const bits = (x) => ((x - Math.floor(x)) * 4294967296) >>> 0;
  for (let n = 2, found = 0; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) { prime = false; break; }
    if (!prime) continue;
    if (found < 8) H[found] = bits(Math.sqrt(n));
    K[found++] = bits(Math.cbrt(n));
  }
})();

const W = new Uint32Array(64);
const turn = (x, n) => (x >>> n) | (x << (32 - n));

// The first 32 bits of the digest of a short ASCII text.
export function first(text) {
  const length = text.length;
  const blocks = ((length + 8) >> 6) + 1;
  const bytes = new Uint8Array(blocks * 64);
  for (let i = 0; i < length; i++) bytes[i] = text.charCodeAt(i);
  bytes[length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 4, length * 8);
  let [a0, b0, c0, d0, e0, f0, g0, h0] = H;
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < 16; i++) W[i] = view.getUint32(block * 64 + i * 4);
    for (let i = 16; i < 64; i++) {
      const x = W[i - 15];
      const y = W[i - 2];
      W[i] = W[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + W[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = [a0, b0, c0, d0, e0, f0, g0, h0];
    for (let i = 0; i < 64; i++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    a0 = (a0 + a) | 0;
    b0 = (b0 + b) | 0;
    c0 = (c0 + c) | 0;
    d0 = (d0 + d) | 0;
    e0 = (e0 + e) | 0;
    f0 = (f0 + f) | 0;
    g0 = (g0 + g) | 0;
    h0 = (h0 + h) | 0;
  }
  return a0 >>> 0;
}

// Looks for the number, a few milliseconds at a time.
function work(field) {
  if (field.dataset.begun) return;
  field.dataset.begun = "yes";
  const { guard: stamp, guardBits: bits } = field.dataset;
  let number = 0;
  const slice = () => {
    const until = performance.now() + 8;
    do {
      for (let n = 0; n < 64; n++, number++) {
        if (Math.clz32(first(`${stamp}:${number}`)) >= Number(bits)) {
          field.value = String(number);
          field.dispatchEvent(new Event("guard-done"));
          return;
        }
      }
    } while (performance.now() < until);
    setTimeout(slice);
  };
  slice();
}

for (const field of document.querySelectorAll("[data-guard]")) {
  const form = field.form;
  for (const kind of ["focusin", "pointerdown", "input"]) form.addEventListener(kind, () => work(field), { once: true });
  form.addEventListener("submit", (event) => {
    if (field.value || field.dataset.sent) return;
    // Sent before the work was done: it is sent when it is, and after a few seconds in any case.
    event.preventDefault();
    const { submitter } = event;
    const send = () => {
      if (field.dataset.sent) return;
      field.dataset.sent = "yes";
      form.requestSubmit(submitter ?? undefined);
    };
    field.addEventListener("guard-done", send, { once: true });
    setTimeout(send, 4000);
    work(field);
  });
}

for (const link of document.querySelectorAll("[data-zone-offer]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && zone !== link.dataset.zoneOffer) {
    const address = new URL(location.href);
    address.searchParams.set("zone", zone);
    address.searchParams.delete("day");
    link.href = `${address.pathname}${address.search}`;
    link.textContent = `Show the times of ${zone.replaceAll("_", " ")}`;
    link.hidden = false;
  }
}
