// Passkeys: asks the server what to sign, has the browser sign it, and sends the form. Without this
// script codes of an app and recovery codes do everything.
(() => {
  "use strict";
  if (!window.PublicKeyCredential) return;

  const toBytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  };
  const toText = (bytes) => {
    const plain = String.fromCharCode(...new Uint8Array(bytes));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const withBytes = (list) => (list || []).map((one) => ({ ...one, id: toBytes(one.id) }));

  const ask = async (button) => {
    const token = button.form.querySelector("[name=csrf_token]").value;
    const address = button.dataset.passkeyNew || button.dataset.passkeyProof;
    const answer = await fetch(address, {
      method: "POST",
      body: new URLSearchParams({ csrf_token: token }),
    });
    if (!answer.ok) throw new Error("no options");
    return answer.json();
  };

  const make = async (options) => {
    const made = await navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: toBytes(options.challenge),
        user: { ...options.user, id: toBytes(options.user.id) },
        excludeCredentials: withBytes(options.excludeCredentials),
      },
    });
    return describe(made, {
      clientDataJSON: toText(made.response.clientDataJSON),
      attestationObject: toText(made.response.attestationObject),
    });
  };

  const prove = async (options) => {
    const proof = await navigator.credentials.get({
      publicKey: {
        ...options,
        challenge: toBytes(options.challenge),
        allowCredentials: withBytes(options.allowCredentials),
      },
    });
    return describe(proof, {
      clientDataJSON: toText(proof.response.clientDataJSON),
      authenticatorData: toText(proof.response.authenticatorData),
      signature: toText(proof.response.signature),
    });
  };

  const describe = (credential, response) => JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response,
  });

  const offer = (button, work, field) => {
    const fault = button.form.querySelector("[data-passkey-fault]");
    button.hidden = false;
    button.addEventListener("click", async () => {
      fault.hidden = true;
      button.disabled = true;
      try {
        button.form.elements[field].value = await work(await ask(button));
        button.form.submit();
      } catch {
        // The person said no, or the device has no passkey for this console.
        fault.hidden = false;
        button.disabled = false;
      }
    });
  };

  for (const button of document.querySelectorAll("[data-passkey-new]")) offer(button, make, "passkey");
  for (const button of document.querySelectorAll("[data-passkey-proof]")) offer(button, prove, "proof_passkey");
})();
