"use strict";
/*
 * A worker that turns a picture into fingerprints on the visitor's own device: PDQ (256 bits, after
 * Meta's public description) and SHA-256 of the file. It has no way to send anything anywhere: the
 * picture comes in, two short texts go back to the page.
 */
const SIDE = 64;
const MAX_PIXELS = 16e6; // more is shrunk by the browser first, to spare a telephone's memory

onmessage = async ({ data: file }) => {
  try {
    const found = { sha256: await sha256(file), pdq: null, quality: 0 };
    const picture = await pixelsOf(file);
    if (Math.min(picture.width, picture.height) >= 5) Object.assign(found, pdq(picture));
    postMessage(found);
  } catch {
    postMessage(null);
  }
};

async function sha256(file) {
  if (!self.crypto || !crypto.subtle) return null; // browsers keep it from pages without https
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function pixelsOf(file) {
  const options = { premultiplyAlpha: "none", colorSpaceConversion: "none" };
  let bitmap = await createImageBitmap(file, options);
  const scale = Math.sqrt(MAX_PIXELS / (bitmap.width * bitmap.height));
  if (scale < 1) {
    const resizeWidth = Math.round(bitmap.width * scale);
    bitmap = await createImageBitmap(bitmap, { ...options, resizeWidth, resizeQuality: "high" });
  }
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  drawing.drawImage(bitmap, 0, 0);
  bitmap.close();
  return drawing.getImageData(0, 0, canvas.width, canvas.height);
}

/* Two box filters of ceil(full / 128) samples, then the middle of each of 64 equal parts: as one
 * short run of weights for each of the 64. An even window reaches one sample further to the right;
 * at the picture's edges only what is inside counts. */
function runs(full) {
  const size = Math.ceil(full / (2 * SIDE));
  const right = Math.floor((size + 2) / 2) - 1;
  const left = size - 1 - right;
  const covered = (at) => Math.min(at + right, full - 1) - Math.max(at - left, 0) + 1;
  return Array.from({ length: SIDE }, (_, part) => {
    const middle = Math.floor(((part + 0.5) * full) / SIDE);
    const start = Math.max(0, middle - 2 * left);
    const weights = new Float64Array(Math.min(full, middle + 2 * right + 1) - start);
    for (let inner = Math.max(0, middle - left); inner <= Math.min(full - 1, middle + right); inner++) {
      const share = 1 / (covered(middle) * covered(inner));
      for (let at = Math.max(0, inner - left); at <= Math.min(full - 1, inner + right); at++)
        weights[at - start] += share;
    }
    return { start, weights };
  });
}

function shrink({ width, height, data }) {
  const columns = runs(width);
  const narrow = new Float64Array(height * SIDE);
  const luma = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    for (let x = 0, at = y * width * 4; x < width; x++, at += 4)
      luma[x] = 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
    columns.forEach(({ start, weights }, part) => {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * luma[start + i];
      narrow[y * SIDE + part] = sum;
    });
  }
  const small = new Float64Array(SIDE * SIDE);
  runs(height).forEach(({ start, weights }, part) => {
    for (let i = 0; i < weights.length; i++)
      for (let x = 0; x < SIDE; x++)
        small[part * SIDE + x] += weights[i] * narrow[(start + i) * SIDE + x];
  });
  return small;
}

/* The steps between neighbours, in whole hundredths of white; 90 hundredths are a point of 100. */
function qualityOf(small) {
  let sum = 0;
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      const here = small[y * SIDE + x];
      if (x + 1 < SIDE) sum += Math.trunc((Math.abs(small[y * SIDE + x + 1] - here) * 100) / 255);
      if (y + 1 < SIDE) sum += Math.trunc((Math.abs(small[(y + 1) * SIDE + x] - here) * 100) / 255);
    }
  return Math.min(100, Math.floor(sum / 90));
}

function pdq(picture) {
  const small = shrink(picture);
  const wave = (order, at) =>
    Math.sqrt(2 / SIDE) * Math.cos((Math.PI / (2 * SIDE)) * order * (2 * at + 1));
  const half = new Float64Array(16 * SIDE);
  const values = new Float64Array(256);
  for (let row = 0; row < 16; row++)
    for (let y = 0; y < SIDE; y++) {
      const factor = wave(row + 1, y);
      for (let x = 0; x < SIDE; x++) half[row * SIDE + x] += factor * small[y * SIDE + x];
    }
  for (let row = 0; row < 16; row++)
    for (let column = 0; column < 16; column++)
      for (let x = 0; x < SIDE; x++)
        values[row * 16 + column] += wave(column + 1, x) * half[row * SIDE + x];
  const median = Float64Array.from(values).sort()[127];
  let hex = "";
  for (let last = 255; last > 0; last -= 4) {
    let digit = 0;
    for (let i = 0; i < 4; i++) digit = digit * 2 + (values[last - i] > median ? 1 : 0);
    hex += digit.toString(16);
  }
  return { pdq: hex, quality: qualityOf(small) };
}
