// A key presses the button, link or field that shows it. The page works without any of this.
(() => {
  "use strict";
  const FIELDS = "textarea, select, input:not([type=checkbox], [type=radio], [type=submit], [type=button])";
  const CONTROLS = "input:not([type=hidden]), select, textarea, button";
  const LETTERS = "ASDFGHJKLQWERTYUIOPZXCVBNM";
  const isTyping = (element) => element instanceof Element && element.closest(FIELDS) !== null;
  const isShown = (element) => element.getClientRects().length > 0;
  const codeOf = (event) => (event.shiftKey ? "Shift+" : "") + event.code;

  // Letters as this keyboard's layout has them, where the browser tells.
  const nameKeys = async () => {
    if (!navigator.keyboard || !navigator.keyboard.getLayoutMap) return;
    const layout = await navigator.keyboard.getLayoutMap();
    for (const cap of document.querySelectorAll("kbd[data-cap]")) {
      const plain = cap.dataset.cap.replace("Shift+", "");
      const letter = layout.get(plain);
      if (letter) cap.textContent = (plain === cap.dataset.cap ? "" : "⇧") + letter.toUpperCase();
    }
  };
  nameKeys().catch(() => {});
  // What came while one looked has the caps as the service wrote them.
  document.addEventListener("refreshed", () => { nameKeys().catch(() => {}); });

  // What lies in a closed part is opened and shown first: it may ask for a reason.
  const press = (element) => {
    let opened = false;
    for (let part = element.closest("details:not([open])"); part; part = part.parentElement.closest("details:not([open])")) {
      part.open = true;
      opened = true;
    }
    if (element.matches("details")) { element.open = true; opened = true; }
    if (element.matches("[type=checkbox], [type=radio]")) { element.focus(); element.click(); return; }
    if (element.matches("input:not([type=submit]), select, textarea")) { element.focus(); return; }
    if (element.matches("fieldset, section, form, details")) {
      const first = [...element.querySelectorAll(CONTROLS)].find(isShown);
      (first || element).focus();
      return;
    }
    if (opened) {
      // Of a part that a key opened, the first field is what one wants to write in.
      const within = element.matches("summary") ? element.parentElement : element.form;
      const field = within && [...within.querySelectorAll(CONTROLS)].find(isShown);
      (field || element).focus();
      return;
    }
    element.focus();
    element.click();
  };

  // Of several with one key: the one where the person is, else the first that is shown.
  const find = (code) => {
    const wanted = `[data-code="${CSS.escape(code)}"]`;
    for (let near = document.activeElement; near && near !== document.body; near = near.parentElement) {
      const inside = [...near.querySelectorAll(wanted)].find(isShown);
      if (inside) return inside;
    }
    const all = [...document.querySelectorAll(wanted)];
    return all.find(isShown) || all.find((element) => element.closest("details:not([open])"));
  };

  // Digits answer the question that one stands at, and go on to the next.
  const questionsOf = (form) => [...form.querySelectorAll("fieldset")].filter((each) => !each.disabled && isShown(each));
  const isAnswered = (question) => {
    const select = question.querySelector("select");
    return select ? select.value !== "" : question.querySelector("input:checked") !== null;
  };
  const answer = (event) => {
    const form = document.querySelector("form[data-questions]");
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
    if (!form || !digit || event.shiftKey) return false;
    const inForm = form.contains(event.target);
    if (isTyping(event.target) && !(inForm && event.target.matches("select"))) return false;
    const here = inForm ? event.target.closest("fieldset") : null;
    const question = here || questionsOf(form).find((each) => !isAnswered(each));
    if (!question) return false;
    const place = (Number(digit[1]) + 9) % 10;
    const select = question.querySelector("select");
    const choices = select ? [...select.options].filter((each) => each.value) : [...question.querySelectorAll("input[type=radio]")];
    const chosen = choices[place];
    if (!chosen) return false;
    if (select) select.value = chosen.value; else chosen.checked = true;
    (select || chosen).dispatchEvent(new Event("change", { bubbles: true }));
    const after = questionsOf(form);
    const next = after[after.indexOf(question) + 1];
    const control = next && (next.querySelector("input:checked") || next.querySelector("select, input"));
    (control || form.querySelector("button.primary")).focus();
    return true;
  };

  // Rows of a list: down, up, choose.
  const move = (code) => {
    const list = document.querySelector("[data-rows]");
    if (!list) return false;
    const links = [...list.querySelectorAll("a[data-row]")];
    const row = document.activeElement && document.activeElement.closest("tr");
    const at = row ? links.findIndex((link) => row.contains(link)) : -1;
    const step = { [list.dataset.down]: 1, [list.dataset.up]: -1 }[code];
    if (step && links.length) {
      const next = at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step));
      links[next].focus();
      links[next].scrollIntoView({ block: "nearest" });
      return true;
    }
    const box = code === list.dataset.choose && row && row.querySelector("input[type=checkbox]");
    if (box) box.click();
    return Boolean(box);
  };

  // A letter or two on everything that can be pressed, for what has no key of its own.
  let hints = null;
  const dropHints = () => {
    for (const hint of document.querySelectorAll(".key-hint")) hint.remove();
    hints = null;
  };
  const showHints = () => {
    const targets = [...document.querySelectorAll("main a[href], main button, main summary, main input:not([type=hidden]), main select, main textarea, header a[href], header button")].filter(isShown);
    hints = { typed: "", byLetters: new Map() };
    const single = targets.length <= LETTERS.length;
    targets.slice(0, LETTERS.length ** 2).forEach((target, number) => {
      const second = LETTERS[number % LETTERS.length];
      const letters = single ? second : LETTERS[Math.floor(number / LETTERS.length)] + second;
      const hint = document.createElement("kbd");
      const place = target.getBoundingClientRect();
      hint.className = "key-hint";
      hint.textContent = letters;
      document.body.append(hint);
      hint.style.left = `${Math.max(0, place.left + scrollX - 4)}px`;
      hint.style.top = `${place.top + scrollY - 4}px`;
      hints.byLetters.set(letters, target);
    });
  };
  const takeHint = (event) => {
    const letter = /^Key([A-Z])$/.exec(event.code);
    if (!letter) { dropHints(); return; }
    hints.typed += letter[1];
    const target = hints.byLetters.get(hints.typed);
    const goesOn = [...hints.byLetters.keys()].some((letters) => letters.startsWith(hints.typed));
    if (target || !goesOn) dropHints();
    if (target) press(target);
  };

  // The list of keys has what works on this very page, as its buttons call it.
  const overlay = document.getElementById("keys");
  const nameOf = (code) => {
    const cap = document.querySelector(`kbd[data-cap="${CSS.escape(code)}"]`);
    return cap ? cap.textContent : code.replace("Shift+", "⇧").replace(/Key|Digit/, "");
  };
  const wordsOf = (element) => {
    // What is said of a button to those who do not see what it stands beside.
    const spoken = element.matches("button") && element.getAttribute("aria-label");
    if (spoken) return spoken;
    const heading = element.matches("form, section") && element.previousElementSibling;
    const label = element.labels && element.labels[0];
    const copy = (heading || label || element).cloneNode(true);
    for (const cap of copy.querySelectorAll("kbd, .count")) cap.remove();
    const text = copy.textContent;
    return text.replace(/\s+/g, " ").trim().slice(0, 80);
  };
  const showKeys = () => {
    const list = overlay.querySelector("[data-keys]");
    for (const old of list.querySelectorAll("[data-found]")) old.remove();
    const add = (code, words) => {
      const term = document.createElement("dt");
      const meaning = document.createElement("dd");
      const cap = document.createElement("kbd");
      cap.textContent = nameOf(code);
      term.append(cap);
      meaning.textContent = words;
      for (const each of [term, meaning]) { each.dataset.found = ""; list.append(each); }
    };
    const rows = document.querySelector("[data-rows]");
    if (rows) for (const name of ["down", "up", "choose"]) add(rows.dataset[name], rows.dataset[`${name}Words`]);
    const seen = new Set();
    for (const element of document.querySelectorAll("[data-code]")) {
      if (seen.has(element.dataset.code)) continue;
      seen.add(element.dataset.code);
      add(element.dataset.code, wordsOf(element));
    }
    add(document.body.dataset.hints, document.body.dataset.hintsWords);
    overlay.showModal();
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (["ShiftLeft", "ShiftRight", "Tab", "Enter", "Space"].includes(event.code)) return;
    const field = event.target;
    if (field instanceof Element && field.matches("[data-takes-key]") && event.code !== "Escape") {
      field.value = codeOf(event);
      event.preventDefault();
      return;
    }
    if (hints) { takeHint(event); event.preventDefault(); return; }
    if (answer(event)) { event.preventDefault(); return; }
    if (event.code === "Escape" && isTyping(field)) { field.blur(); return; }
    if (isTyping(field) || document.querySelector("dialog[open]")) return;
    const code = codeOf(event);
    if (event.key === "?" && overlay) showKeys();
    else if (code === document.body.dataset.hints) showHints();
    else if (!move(code)) {
      const element = find(code);
      if (!element) return;
      press(element);
    }
    event.preventDefault();
  });
})();
