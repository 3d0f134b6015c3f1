// The console works without any of this; it only saves keystrokes.
(() => {
  "use strict";

  // A button that copies what stands next to it.
  for (const button of document.querySelectorAll("button[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      const label = button.textContent;
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = label; }, 1500);
    });
  }

  // A button that ticks every box of its form.
  for (const button of document.querySelectorAll("button[data-choose-all]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      for (const box of button.form.querySelectorAll("input[name=case]")) box.checked = true;
    });
  }

  // What a page asks for when it stands already. Where that fails, the link to it stays.
  const fill = async (area) => {
    const answer = await fetch(area.dataset.part, {
      headers: { "X-Part": "1" }, redirect: "error", credentials: "same-origin", cache: "no-store",
    });
    if (!answer.ok) return;
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    area.replaceChildren(...part.body.childNodes);
  };
  for (const area of document.querySelectorAll("[data-part]")) {
    area.setAttribute("aria-busy", "true");
    fill(area).catch(() => {}).finally(() => area.removeAttribute("aria-busy"));
  }

  // Questions of the assessment that depend on an earlier answer: {"class": ["baseline", …]}.
  for (const form of document.querySelectorAll("form[data-questions]")) {
    const depending = [...form.querySelectorAll("[data-only-when]")];
    const update = () => {
      for (const question of depending) {
        const answers = new FormData(form);
        const wanted = Object.entries(JSON.parse(question.dataset.onlyWhen));
        question.hidden = !wanted.every(([name, values]) => values.includes(answers.get(name)));
        question.disabled = question.hidden;
      }
    };
    form.addEventListener("change", update);
    update();
  }
})();
