// Live messages. One tab of a browser holds the line and passes on what it hears, because a browser opens only six
// lines to one server and each open tab would use one up.
//
// Every message becomes DOM events on <body>: `live:<kind>` and `live:any`, with the message as detail; after a gap
// `live:resync`. A fragment refreshes itself: hx-get="…" hx-trigger="live:message.received from:body, live:resync from:body".
const SILENCE = 50_000; // the server gives a sign of life every 20 s
const address = document.body.dataset.live;
const words = { connecting: "Connecting", connected: "Live", catching: "Catching up", offline: "Offline" };
const channel = "BroadcastChannel" in window ? new BroadcastChannel("recoup-live") : null;
let state = "connecting";
let calm = 0;

function show(next) {
  if (next === state) return;
  state = next;
  for (const badge of document.querySelectorAll("[data-live-state]")) {
    badge.dataset.liveState = next;
    const text = badge.querySelector(".live-text");
    if (text) text.textContent = words[next];
  }
  document.body.dispatchEvent(new CustomEvent("live:state", { detail: { state: next } }));
}

function announce(message) {
  for (const name of [`live:${message.kind}`, "live:any"]) {
    document.body.dispatchEvent(new CustomEvent(name, { detail: message }));
  }
}

function catchUp() {
  show("catching");
  announce({ kind: "resync" });
  clearTimeout(calm);
  calm = setTimeout(() => show("connected"), 1200);
}

// What the holder hears, here and in the other tabs.
function hear(note) {
  if (note.state) return show(note.state);
  if (note.kind === "resync") return catchUp();
  if (note.kind === "hello" || note.kind === "beat") return state === "catching" ? undefined : show("connected");
  if (note.kind === "bye") return show("catching");
  if (state !== "catching") show("connected");
  announce(note);
}

function pass(note) {
  hear(note);
  channel?.postMessage(note);
}

// Holds the line until the page goes away.
function hold() {
  return new Promise(() => {
    let source, watch, lost = false, wait = 1000;
    const heard = () => { clearTimeout(watch); watch = setTimeout(restart, SILENCE); };
    const restart = () => {
      source?.close();
      clearTimeout(watch);
      lost = true;
      pass({ state: navigator.onLine ? "catching" : "offline" });
      setTimeout(open, wait + Math.random() * 500);
      wait = Math.min(wait * 2, 15_000);
    };
    const open = () => {
      source = new EventSource(address);
      source.onmessage = (event) => {
        heard();
        const note = JSON.parse(event.data);
        if (note.kind === "hello") {
          wait = 1000;
          if (lost) { lost = false; return pass({ kind: "resync" }); }
        }
        pass(note);
        if (note.kind === "bye") restart();
      };
      source.onerror = () => {
        pass({ state: source.readyState === EventSource.CLOSED || wait > 4000 ? "offline" : "catching" });
        restart();
      };
      heard();
    };
    open();
    addEventListener("online", () => { wait = 1000; });
    addEventListener("offline", () => pass({ state: "offline" }));
  });
}

if (address) {
  channel?.addEventListener("message", (event) => {
    if (event.data.ask) { if (holding) channel.postMessage({ state }); return; }
    hear(event.data);
  });
  let holding = false;
  const start = () => { holding = true; return hold(); };
  if (navigator.locks && channel) {
    navigator.locks.request("recoup-live", start);
    channel.postMessage({ ask: true });
  } else {
    start();
  }
}
