// Passkeys: a form with data-passkey="use" or "make" asks the server for options, the browser for a passkey, writes the answer
// into its hidden field and goes on as the form it is. What goes wrong is said beside the button, and nothing was sent.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const listed = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

async function options(form) {
  const token = form.elements._csrf?.value;
  const answer = await fetch(form.dataset.options, { method: "POST", headers: { Accept: "application/json", ...(token && { "X-CSRF-Token": token }) } });
  // The sign-in is over: back to where it begins.
  if (answer.redirected) { location.assign(answer.url); throw new Error("Begin again."); }
  const json = await answer.json().catch(() => ({}));
  if (answer.ok) return json;
  // A fresh proof comes first: the form itself is led there.
  if (json.error?.code === "step_up_required") return null;
  throw new Error(json.error?.message ?? "The server did not answer; try again.");
}

async function make(given) {
  const publicKey = { ...given, challenge: bytes(given.challenge), user: { ...given.user, id: bytes(given.user.id) }, excludeCredentials: listed(given.excludeCredentials) };
  const { id, rawId, type, response } = await navigator.credentials.create({ publicKey });
  return { id, rawId: text(rawId), type, response: {
    clientDataJSON: text(response.clientDataJSON), attestationObject: text(response.attestationObject), transports: response.getTransports?.() ?? [],
  } };
}

async function use(given) {
  const publicKey = { ...given, challenge: bytes(given.challenge), allowCredentials: listed(given.allowCredentials) };
  const { id, rawId, type, response } = await navigator.credentials.get({ publicKey });
  return { id, rawId: text(rawId), type, response: {
    clientDataJSON: text(response.clientDataJSON), authenticatorData: text(response.authenticatorData), signature: text(response.signature),
    userHandle: response.userHandle?.byteLength ? text(response.userHandle) : null,
  } };
}

function words(error) {
  if (error.name === "NotAllowedError") return "No passkey was given: it was cancelled, took too long, or there is none on this device.";
  if (error.name === "InvalidStateError") return "This device has a passkey of yours already.";
  if (error.name === "SecurityError") return "Passkeys work only at the address that Recoup is configured with.";
  return error.message.charAt(0).toUpperCase() + error.message.slice(1);
}

async function answer(event) {
  const form = event.target.closest("form[data-passkey]");
  if (!form || form.dataset.ready) return;
  event.preventDefault();
  const problem = form.querySelector("[data-passkey-problem]"), button = form.querySelector("button[type=submit]");
  problem.hidden = true;
  button.disabled = true;
  try {
    if (!window.PublicKeyCredential) throw new Error("This browser has no passkeys.");
    const given = await options(form);
    if (given) form.elements.passkey.value = JSON.stringify(await (form.dataset.passkey === "make" ? make : use)(given));
    form.dataset.ready = "yes";
    form.submit();
  } catch (error) {
    problem.textContent = words(error);
    problem.hidden = false;
  } finally {
    button.disabled = false;
  }
}

document.addEventListener("submit", answer);
