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
  const problem = document.querySelector(".problem");
  if (problem) problem.focus();
})();
