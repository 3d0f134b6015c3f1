// One picture, drawn once. It goes from the answer onto a canvas: no address, no cache, no file.
(() => {
  "use strict";
  const form = document.querySelector("[data-viewing]");
  if (!form) return;
  const stage = document.querySelector("[data-stage]");
  const part = (name) => stage.querySelector(`[data-${name}]`);
  const word = part("word");
  const canvas = part("picture");
  const fetching = word.textContent;
  const token = form.elements.token.value;
  let isShown = false;
  let isOver = false;

  const putAway = () => {
    if (isOver) return;
    isOver = true;
    canvas.width = canvas.height = 0;
    canvas.hidden = true;
    part("acts").hidden = true;
    word.hidden = true;
    part("over").hidden = false;
    if (!isShown) return;
    const data = new FormData();
    data.set("csrf_token", form.elements.csrf_token.value);
    fetch(form.dataset.viewing, { method: "POST", body: data, keepalive: true }).catch(() => {});
  };
  // Why there is nothing stands on the page of the error, or the page asks who one is.
  const readReason = async (answer) => {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const said = page.querySelector("[data-detail]") || page.querySelector("h1");
    return said?.textContent.trim();
  };
  const fail = async (answer) => {
    const isAnswer = answer instanceof Response;
    const reason = isAnswer ? await readReason(answer).catch(() => "") : "";
    // Others were looking: the token is not used up, and can be tried again.
    const isFull = isAnswer && answer.status === 429;
    isOver = !isFull;
    form.hidden = !isFull;
    if (isFull) form.elements.token.value = token;
    word.textContent = [reason, isFull ? "" : form.dataset.fault].filter(Boolean).join(" ");
  };
  const less = () => {
    if (canvas.classList.contains("much-less")) putAway();
    else canvas.classList.add(canvas.classList.contains("less") ? "much-less" : "less");
  };
  const draw = async (answer) => {
    const isPicture = answer.headers.get("Content-Type") === "image/jpeg";
    if (!answer.ok || !isPicture) return fail(answer);
    const picture = await createImageBitmap(await answer.blob());
    isShown = true;
    if (isOver || document.hidden) {
      picture.close();
      return putAway();
    }
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.getContext("2d").drawImage(picture, 0, 0);
    picture.close();
    word.hidden = true;
    canvas.hidden = part("acts").hidden = false;
    setTimeout(putAway, Number(form.dataset.seconds) * 1000);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    form.hidden = true;
    stage.hidden = false;
    word.textContent = fetching;
    const body = new FormData(form);
    fetch(form.action, { method: "POST", body, cache: "no-store" })
      .then(draw).catch(fail);
    form.elements.token.value = "";
  });
  part("less").addEventListener("click", less);
  part("away").addEventListener("click", putAway);
  // Without this script nothing would put the picture away.
  form.querySelector("button").disabled = false;
  // Another window in front may leave this one in sight.
  addEventListener("blur", () => { if (isShown) putAway(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden && isShown) putAway(); });
  addEventListener("pagehide", () => { if (isShown) putAway(); });
})();
