"use strict";
/* What JavaScript adds to the public pages. Everything works without it. */
(() => {
  const exit = document.getElementById("exit");
  // Replacing this page in the history keeps the "back" button from leading here again.
  const leave = () => {
    document.documentElement.hidden = true;
    location.replace(exit.href);
  };
  if (exit) {
    exit.addEventListener("click", (event) => {
      event.preventDefault();
      leave();
    });
    let presses = 0, last = 0;
    document.addEventListener("keyup", (event) => {
      const now = Date.now();
      presses = event.key === "Shift" ? (now - last < 1500 ? presses + 1 : 1) : 0;
      last = now;
      if (presses === 3) leave();
    });
  }
  // A proof of work against floods, found in the background by this device: nobody waits for it,
  // and a form that is sent before it is there counts as well.
  const proof = document.getElementById("proof");
  if (proof && self.Worker && self.crypto && crypto.subtle) {
    addEventListener("load", async () => {
      const answer = await fetch(proof.dataset.challenge, { credentials: "omit", priority: "low" })
        .catch(() => null);
      if (!answer || !answer.ok) return;
      const challenge = await answer.json();
      const worker = new Worker(proof.dataset.worker);
      worker.onmessage = ({ data: solution }) => {
        worker.terminate();
        if (!solution || !solution.derivedKey) return;
        const { counter, derivedKey } = solution; // how long it took is nobody's business
        proof.value = btoa(JSON.stringify({ challenge, solution: { counter, derivedKey } }));
      };
      worker.postMessage({ type: "work", challenge });
    });
  }
  const receipt = document.getElementById("receipt");
  const copy = document.getElementById("copy");
  if (receipt && copy && navigator.clipboard) {
    copy.parentElement.hidden = false;
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(receipt.textContent);
      copy.textContent = copy.dataset.done;
    });
    document.getElementById("print").addEventListener("click", () => print());
  }
  const device = document.getElementById("device");
  if (device && self.OffscreenCanvas && self.createImageBitmap) {
    // The picture goes to a worker on this device. What comes back is text, to be seen before it
    // is sent; the field has no name, so it is no part of the form.
    const where = document.getElementById(device.dataset.into);
    const picture = document.getElementById("picture");
    const said = document.getElementById("device-said");
    device.hidden = false;
    picture.type = "file";
    picture.accept = "image/*";
    picture.addEventListener("change", () => {
      if (!picture.files.length) return;
      said.textContent = device.dataset.working;
      const worker = new Worker(device.dataset.worker);
      worker.onmessage = ({ data: found }) => {
        worker.terminate();
        picture.value = "";
        const lines = [];
        if (found && found.pdq && found.quality >= 50) lines.push(`pdq:${found.pdq}`);
        if (found && found.sha256) lines.push(`sha256:${found.sha256}`);
        if (lines.length) where.value = [where.value.trim(), ...lines].filter(Boolean).join("\n");
        said.textContent = lines.length ? device.dataset.done : device.dataset.failed;
      };
      worker.postMessage(picture.files[0]);
    });
  }
  // For browsers whose style sheets cannot see that "yes" is chosen.
  const danger = document.querySelector("fieldset#danger_now + .emergency");
  if (danger) danger.previousElementSibling.addEventListener("change", ({ target }) => {
    danger.classList.toggle("shown", target.value === "yes");
  });
  const problem = document.querySelector(".problem");
  if (problem) problem.focus();
})();
