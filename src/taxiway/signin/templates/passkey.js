// Passkeys: the one part of the page that needs a script (WebAuthn; 03 section 3.5, step 5).
const form = document.getElementById("passkey");
const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const decode = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
const named = (ids) => ids.map((id) => ({ type: "public-key", id: decode(id) }));
const challenge = new TextEncoder().encode($Config.sFidoChallenge);

async function get() {
  const allowCredentials = named($Config.arrFidoAllowList);
  const publicKey = { challenge, allowCredentials, userVerification: "required" };
  const { id, response } = await navigator.credentials.get({ publicKey });
  return {
    id,
    clientDataJSON: encode(response.clientDataJSON),
    authenticatorData: encode(response.authenticatorData),
    signature: encode(response.signature),
    userHandle: response.userHandle && encode(response.userHandle),
  };
}

async function create() {
  const { user, rp, algorithms, exclude } = $Config.oNewPasskey;
  const publicKey = {
    challenge,
    rp,
    user: { ...user, id: decode(user.id) },
    pubKeyCredParams: algorithms.map((alg) => ({ type: "public-key", alg })),
    excludeCredentials: named(exclude),
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
    attestation: "none",
  };
  const { id, response } = await navigator.credentials.create({ publicKey });
  return {
    id,
    clientDataJSON: encode(response.clientDataJSON),
    attestationObject: encode(response.attestationObject),
  };
}

if (form && window.PublicKeyCredential) {
  const failure = form.querySelector("[role=alert]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failure.hidden = true;
    try {
      const answer = await (form.dataset.ceremony === "create" ? create() : get());
      form.elements.answer.value = JSON.stringify(answer);
      form.submit();
    } catch (error) {
      failure.textContent = error.name === "InvalidStateError" ? form.dataset.known : form.dataset.failed;
      failure.hidden = false;
    }
  });
}
