// A quiet game of turning blocks. No score, no end, no speed that rises, nothing stored or sent.
(() => {
  "use strict";
  const WIDTH = 10;
  const HEIGHT = 16;
  const STEP = 900;
  // Each shape by its cells, turned about the middle of its square.
  const SHAPES = [
    { size: 4, cells: [[0, 1], [1, 1], [2, 1], [3, 1]] },
    { size: 2, cells: [[0, 0], [1, 0], [0, 1], [1, 1]] },
    { size: 3, cells: [[0, 1], [1, 1], [2, 1], [1, 0]] },
    { size: 3, cells: [[0, 1], [1, 1], [2, 1], [2, 0]] },
    { size: 3, cells: [[0, 1], [1, 1], [2, 1], [0, 0]] },
    { size: 3, cells: [[0, 1], [1, 1], [1, 0], [2, 0]] },
    { size: 3, cells: [[0, 0], [1, 0], [1, 1], [2, 1]] },
  ];
  const area = document.querySelector("[data-blocks]");
  if (!area) return;
  const canvas = area.querySelector("canvas");
  const pen = canvas.getContext("2d");
  const hold = area.querySelector("[data-move=pause]");
  const cell = canvas.width / WIDTH;
  let lying = [];
  let block = null;
  let isStill = true;

  const emptyRow = () => Array(WIDTH).fill(false);
  const cellsOf = (one) => one.cells.map(([x, y]) => [x + one.x, y + one.y]);
  const fits = (one) => cellsOf(one).every(
    ([x, y]) => x >= 0 && x < WIDTH && y < HEIGHT && (y < 0 || !lying[y][x]),
  );
  const begin = () => {
    const shape = SHAPES[Math.floor(Math.random() * SHAPES.length)];
    block = { ...shape, x: Math.floor((WIDTH - shape.size) / 2), y: 0 };
    // A full field makes room by itself: nobody loses here.
    while (!fits(block)) {
      lying.pop();
      lying.unshift(emptyRow());
    }
  };
  const settle = () => {
    for (const [x, y] of cellsOf(block)) if (y >= 0) lying[y][x] = true;
    lying = lying.filter((row) => !row.every(Boolean));
    while (lying.length < HEIGHT) lying.unshift(emptyRow());
    begin();
  };
  const tryTo = (change) => {
    const moved = { ...block, ...change };
    if (!fits(moved)) return false;
    block = moved;
    return true;
  };
  const turned = () => ({ cells: block.cells.map(([x, y]) => [block.size - 1 - y, x]) });
  const sink = () => { if (!tryTo({ y: block.y + 1 })) settle(); };

  const draw = () => {
    const colours = getComputedStyle(area);
    pen.fillStyle = colours.getPropertyValue("--paper-soft");
    pen.fillRect(0, 0, canvas.width, canvas.height);
    const fill = (x, y) => pen.fillRect(x * cell + 1, y * cell + 1, cell - 2, cell - 2);
    pen.fillStyle = colours.getPropertyValue("--line");
    lying.forEach((row, y) => row.forEach((isFull, x) => { if (isFull) fill(x, y); }));
    pen.fillStyle = colours.getPropertyValue("--accent");
    for (const [x, y] of cellsOf(block)) fill(x, y);
  };
  const rest = (still) => {
    isStill = still;
    hold.setAttribute("aria-pressed", String(still));
  };
  const MOVES = {
    left: () => tryTo({ x: block.x - 1 }),
    right: () => tryTo({ x: block.x + 1 }),
    turn: () => [0, -1, 1].some((aside) => tryTo({ ...turned(), x: block.x + aside })),
    sink,
    pause: () => rest(!isStill),
  };
  const KEYS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "turn", ArrowDown: "sink", Space: "pause" };
  const move = (name) => {
    if (name !== "pause") rest(false);
    MOVES[name]();
    draw();
  };

  canvas.addEventListener("keydown", (event) => {
    const name = KEYS[event.code];
    if (!name || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    move(name);
  });
  area.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (button) move(button.dataset.move);
    else if (event.target === canvas) canvas.focus();
  });
  setInterval(() => {
    if (isStill || document.hidden) return;
    sink();
    draw();
  }, STEP);

  lying = Array.from({ length: HEIGHT }, emptyRow);
  begin();
  area.hidden = false;
  draw();
})();
