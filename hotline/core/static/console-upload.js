// A file goes in pieces, so that it may be larger than a request, shows how far it is, and goes on
// where it stopped. Without this script the form sends a small file as it is.
(() => {
  "use strict";
  const TRIES = 5;
  const form = document.querySelector("form[data-upload]");
  if (!form) return;
  const input = form.elements.file;
  const says = form.querySelector("[data-says]");
  const bar = says.querySelector("progress");
  const words = says.querySelector("span");
  const size = Number(form.dataset.piece);

  const say = (text) => { says.hidden = false; words.textContent = text; };
  const show = (sent, total) => {
    const percent = Math.floor(100 * sent / total);
    bar.value = percent;
    say(form.dataset.sending.replace("{percent}", String(percent)));
  };
  const wait = (seconds) => new Promise((done) => { setTimeout(done, 1000 * seconds); });

  const send = async (number, piece) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await fetch(form.dataset.upload + number, {
          method: "POST", body: piece, credentials: "same-origin", redirect: "error",
          headers: { "X-CSRFToken": form.elements.csrf_token.value, "Content-Type": "application/octet-stream" },
        });
        if (answer.ok) return;
        const told = await answer.json().catch(() => ({}));
        if (told.fault) throw new RangeError(told.fault);
        throw new Error(String(answer.status));
      } catch (error) {
        if (error instanceof RangeError || attempt >= TRIES) throw error;
        await wait(attempt);
      }
    }
  };

  form.addEventListener("submit", async (event) => {
    const file = input.files[0];
    if (!file) return;
    event.preventDefault();
    if (file.size > Number(form.dataset.most)) { say(form.dataset.tooLarge); return; }
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const pieces = Math.ceil(file.size / size);
      for (let number = Number(form.dataset.pieces); number < pieces; number += 1) {
        show(number * size, file.size);
        await send(number, file.slice(number * size, (number + 1) * size));
        form.dataset.pieces = String(number + 1);
      }
      show(1, 1);
      form.elements.size.value = String(file.size);
      form.elements.file_name.value = file.name;
      input.disabled = true;
      form.submit();
    } catch (error) {
      say(error instanceof RangeError ? error.message : form.dataset.broken);
      button.disabled = false;
    }
  });
})();
