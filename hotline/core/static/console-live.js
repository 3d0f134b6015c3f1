// What others do shows without a reload: asked for every few seconds, answered by "nothing new"
// nearly always. Nobody asks for a page that is not looked at, or lies behind a dialog; what was
// ticked stays so, as far as it is still in the list.
(() => {
  "use strict";
  const EVERY = 8_000;
  const LONGEST = 120_000;

  // By what an element is found again in the new part: a link by where it leads, a box by its case.
  const selectorOf = (element) => {
    if (element.matches("a[href]")) {
      return `a${element.matches("[data-row]") ? "[data-row]" : ""}[href="${CSS.escape(element.getAttribute("href"))}"]`;
    }
    return element.matches("input[name=case]") ? `input[name=case][value="${CSS.escape(element.value)}"]` : null;
  };
  // On a telephone tabs and table are moved sideways, and stay where they were moved to.
  const movedOf = (area) => [...area.querySelectorAll(".tabs, .scroll")];
  const keep = (area) => {
    const held = area.contains(document.activeElement) ? document.activeElement : null;
    const row = held && held.closest("tbody tr");
    return {
      held: held && selectorOf(held),
      moved: movedOf(area).map((part) => part.scrollLeft),
      place: row ? [...row.parentElement.children].indexOf(row) : -1,
      chosen: new Set([...area.querySelectorAll("input[name=case]:checked")].map((box) => box.value)),
      urgent: new Set([...area.querySelectorAll("tr[data-urgent] a[data-row]")].map((link) => link.href)),
    };
  };
  const restore = (area, before) => {
    for (const box of area.querySelectorAll("input[name=case]")) box.checked = before.chosen.has(box.value);
    movedOf(area).forEach((part, at) => { part.scrollLeft = before.moved[at] || 0; });
    // Whoever stood at a row that is gone goes on at the one that took its place.
    const rows = [...area.querySelectorAll("a[data-row]")];
    const same = (before.held && area.querySelector(before.held))
      || (before.place >= 0 && rows[Math.min(before.place, rows.length - 1)]);
    if (same) same.focus({ preventScroll: true });
  };

  for (const area of document.querySelectorAll("[data-live]")) {
    const said = document.getElementById(area.dataset.says);
    let tag = area.dataset.tag;
    const every = Number(area.dataset.every) || EVERY;
    let wait = every;
    const ask = async () => {
      if (document.hidden || document.querySelector("dialog[open]")) return;
      const answer = await fetch(area.dataset.live, {
        headers: { "If-None-Match": tag }, redirect: "error", credentials: "same-origin", cache: "no-store",
      });
      if (answer.status === 304) return;
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      const before = keep(area);
      area.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
      tag = answer.headers.get("ETag") || tag;
      area.dispatchEvent(new Event("refreshed", { bubbles: true }));
      restore(area, before);
      const fresh = [...keep(area).urgent].filter((link) => !before.urgent.has(link));
      if (said && fresh.length) said.textContent = said.dataset.words;
    };
    const goOn = async () => {
      try { await ask(); wait = every; } catch { wait = Math.min(LONGEST, wait * 2); }
      setTimeout(goOn, wait);
    };
    setTimeout(goOn, wait);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) ask().catch(() => {}); });
  }
})();
