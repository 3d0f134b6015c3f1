// The box that finds anything, over whatever page one is on: Ctrl-K. Without this it is a page.
(() => {
  "use strict";
  const palette = document.getElementById("palette");
  if (!palette) return;
  const form = palette.querySelector("form");
  const field = form.querySelector("input[name=q]");
  const hits = palette.querySelector("[data-hits]");
  const links = () => [...hits.querySelectorAll("a")];

  const open = () => {
    if (!palette.open) palette.showModal();
    field.select();
  };
  document.addEventListener("keydown", (event) => {
    if (event.code === "KeyK" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      open();
    }
  });
  for (const opener of document.querySelectorAll("[data-opens-palette]")) {
    opener.addEventListener("click", (event) => { event.preventDefault(); open(); });
  }

  let asked = 0;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const turn = ++asked;
    hits.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: new URLSearchParams(new FormData(form)),
        headers: { "X-Part": "hits" }, redirect: "error", credentials: "same-origin",
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      if (turn !== asked) return;
      hits.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
      const found = links();
      if (found.length) found[0].focus();
    } catch {
      if (turn === asked) hits.textContent = hits.dataset.failed;
    } finally {
      hits.removeAttribute("aria-busy");
    }
  });

  palette.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.code];
    const found = links();
    if (!step || !found.length) return;
    event.preventDefault();
    const next = found.indexOf(document.activeElement) + step;
    if (next < 0) field.focus(); else found[Math.min(next, found.length - 1)].focus();
  });
})();
