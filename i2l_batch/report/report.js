/* The page of formulas: sorts, filters and shows them, fifty at a time.

   The data are scripts (see listing.py): data/index-NNN.js hands over the columns that are sorted
   and filtered by, data/rows-NNNNN.js what else is shown of 10 formulas. What is seen is a function
   of the address alone: controls and keys change the part after #, and the page follows.

   Nothing in the data becomes markup: text goes in as text, MathML was checked when the report was
   made and is read as XML, and the page's policy allows no script but the report's own files. */
"use strict";

const PER_PAGE = 50, PER_FILE = 10, MOST_FILES = 200;
const PER_EM = 18 / 10;  // pixels on the page per point in a paper: text of 10 points is as large
const DPI = 160;         // of pictures that do not tell theirs
const MATHML = "http://www.w3.org/1998/Math/MathML";
const DEFAULTS = { sort: "least", from: "", to: "", flag: "", paper: "", text: "", id: "", page: "1" };

const total = Number(document.body.dataset.rows), indexes = Number(document.body.dataset.indexes);
const form = document.getElementById("filters"), list = document.getElementById("list");
const pagers = document.querySelectorAll(".pager");
const told = document.getElementById("status"), said = document.getElementById("said");

/* --- The data ---------------------------------------------------------------------------------- */

const rows = { id: [], confidence: [], place: [], paper: [], page: [], number: [], flags: [],
  latex: [] };
const papers = [];        // number of a paper -> name
const files = new Map();  // number of a rows file -> promise of its rows, oldest first
const waiting = new Map();
let read = 0, missing = "";

/* What the data scripts call. */
globalThis.i2l = {
  index(part) {
    for (const name in rows) for (const value of part[name]) rows[name].push(value);
    for (const [number, name] of part.papers) papers[number] = name;
    read = rows.id.length;
  },
  rows(number, details) {
    const done = waiting.get(number);
    waiting.delete(number);
    if (done) done(details); else files.set(number, Promise.resolve(details));
  },
};

function load(path) {
  return new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = path;
    script.onload = () => { script.remove(); done(); };
    script.onerror = () => { script.remove(); failed(new Error(path)); };
    document.head.append(script);
  });
}

/* The rest of the index, file by file; each may add to what is seen. */
async function readOn() {
  for (let number = 1; number < indexes; number += 1) {
    await load(`data/index-${String(number).padStart(3, "0")}.js`);
    choices(rows.flags.flat());
    show();
  }
}

/* What a rows file holds. Of the files that were needed the last ones are kept. */
function details(row) {
  const number = Math.floor(row / PER_FILE);
  let file = files.get(number);
  files.delete(number);
  if (!file) {
    file = new Promise((done, failed) => {
      waiting.set(number, done);
      load(`data/rows-${String(number).padStart(5, "0")}.js`).catch(failed);
    });
  }
  files.set(number, file);
  if (files.size > MOST_FILES) files.delete(files.keys().next().value);
  return file.then((all) => all[row % PER_FILE]);
}

function lost(error) {
  missing = `${error.message} is missing: copy the whole folder, or make the report again.`;
  told.textContent = missing;
}

/* --- What is to be seen: from the address to numbers of rows -------------------------------------- */

function state() {
  const given = new URLSearchParams(location.hash.slice(1));
  const found = { ...DEFAULTS };
  for (const name in DEFAULTS) if (given.has(name)) found[name] = given.get(name);
  for (const name of ["from", "to"]) if (!Number.isFinite(Number(found[name]))) found[name] = "";
  if (!Object.hasOwn(ORDERS, found.sort)) found.sort = DEFAULTS.sort;
  return found;
}

function address(wanted) {
  const changed = Object.entries(wanted).filter(([name, value]) => value !== DEFAULTS[name]);
  return `#${new URLSearchParams(changed)}`;
}

/* Go to a view. A step of its own in the browser's history, unless it is one more letter typed. */
function go(changes, replace) {
  const to = address({ ...state(), page: "1", ...changes });
  if (to === (location.hash || "#")) return;
  if (replace) { history.replaceState(null, "", to); show(); } else location.hash = to;
}

/* A pattern for a text wherever its blanks are: `\frac{a}` also finds `\frac { a }`. */
function pattern(text) {
  const characters = [...text.replace(/\s/g, "")];
  return RegExp(characters.map((c) => c.replace(/[\\^$.*+?()[\]{}|]/, "\\$&")).join("\\s*"), "u");
}

/* Whether a row is wanted, as a function of its number. */
function filter(wanted) {
  const from = wanted.from === "" ? 0 : Number(wanted.from);
  const to = wanted.to === "" ? 1 : Number(wanted.to);
  const text = wanted.text.trim() && pattern(wanted.text), { flag, id } = wanted;
  const name = wanted.paper.toLowerCase();
  const whole = papers.indexOf(wanted.paper);
  const inPaper = papers.map((paper, number) =>
    whole < 0 ? paper.toLowerCase().includes(name) : number === whole);
  return (i) => rows.confidence[i] >= from && (rows.confidence[i] < to || to >= 1)
    && (!name || inPaper[rows.paper[i]])
    && (!flag || (flag === "-" ? !rows.flags[i]
                  : flag === "*" ? rows.flags[i] : rows.flags[i]?.includes(flag)))
    && (!text || text.test(rows.latex[i]))
    && (!id || rows.id[i] === id);
}

function isFiltered(wanted) {
  return ["from", "to", "flag", "paper", "text", "id"].some((name) => wanted[name] !== "");
}

/* Key and row are one number each, so that a typed array sorts them without a comparison of ours. */
function sorted(found, key) {
  const keys = Float64Array.from(found, (i) => key(i) * total + i).sort();
  return Array.from(keys, (both) => both % total);
}

const ORDERS = {
  least: (found) => found,
  most: (found) => found.reverse(),
  paper: (found) => sorted(found, (i) => rows.place[i]),
  short: (found) => sorted(found, (i) => rows.latex[i].length),
  long: (found) => sorted(found, (i) => 1e6 - Math.min(rows.latex[i].length, 1e6)),
};

let last = { key: null, found: [] };

/* Rows in the order in which they are to be seen; not worked out again for another page of them. */
function matches(wanted) {
  const key = `${read} ${address({ ...wanted, page: "1" })}`;
  if (last.key !== key) {
    const accept = isFiltered(wanted) ? filter(wanted) : () => true;
    const found = [];
    for (let i = 0; i < read; i += 1) if (accept(i)) found.push(i);
    last = { key, found: ORDERS[wanted.sort](found) };
  }
  return last.found;
}

/* --- Showing it ---------------------------------------------------------------------------------- */

let drawn = "", turn = 0, focusNext = null, pause;

/* Set the controls to what the address says. */
function fill() {
  clearTimeout(pause);
  choices([state().flag]);
  for (const [name, value] of Object.entries(state())) {
    const control = form.elements[name];
    if (control && control.value !== value) control.value = value;
  }
}

/* Show what the address says. */
async function show() {
  const mine = turn += 1, wanted = state();
  // As long as the list is not complete, only the order in which it comes is right.
  const ready = read === total || wanted.sort === "least";
  const found = ready ? matches(wanted) : [];
  const count = read === total || isFiltered(wanted) ? found.length : total;
  const pages = Math.max(1, Math.ceil(count / PER_PAGE));
  const page = Math.min(Math.max(1, Math.floor(Number(wanted.page)) || 1), pages);
  const seen = found.slice((page - 1) * PER_PAGE, page * PER_PAGE);
  if (!missing) told.textContent = summary(count, page, seen.length, isFiltered(wanted));
  pagers.forEach((pager) => drawPager(pager, page, pages));
  if (seen.join() === drawn) return settle();
  const cards = await Promise.all(seen.map(async (i) => card(i, await details(i)))).catch(lost);
  if (!cards || mine !== turn) return undefined;  // there was another wish in the meantime
  drawn = seen.join();
  list.replaceChildren(...cards);
  return settle();
}

function summary(count, page, seen, filtered) {
  const first = (page - 1) * PER_PAGE + 1, n = (number) => number.toLocaleString("en");
  let text = filtered ? `${n(count)} of ${n(total)} formulas match` : `${n(total)} formulas`;
  if (seen) text += `; ${n(first)} to ${n(first + seen - 1)} are shown`;
  if (read < total) text += `; ${n(read)} of ${n(total)} are read so far`;
  return `${text}.`;
}

function drawPager(pager, page, pages) {
  if (pager.dataset.page === String(page) && pager.dataset.pages === String(pages)) return;
  const button = (label, to) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.disabled = to < 1 || to > pages;
    made.addEventListener("click", () => turnTo(to));
    return made;
  };
  const where = document.createElement("span");
  where.textContent = `page ${page} of ${pages.toLocaleString("en")}`;
  pager.replaceChildren(button("First", page === 1 ? 0 : 1), button("Previous", page - 1), where,
    button("Next", page + 1), button("Last", page === pages ? pages + 1 : pages));
  pager.dataset.page = page;
  pager.dataset.pages = pages;
  pager.hidden = pages === 1;
}

function turnTo(page, end) {
  if (page < 1 || page > Number(pagers[0].dataset.pages)) return;
  focusNext = end ? "last" : "first";
  go({ page: String(page) });
}

/* After a view is drawn: the tab key stops at one formula, and the focus goes where it is wanted. */
function settle() {
  const cards = [...list.children];
  const current = list.contains(document.activeElement) ? document.activeElement.closest("article")
    : cards[0];
  cards.forEach((each) => { each.tabIndex = each === current ? 0 : -1; });
  if (focusNext && cards.length) {
    focusCard(focusNext === "first" ? cards[0] : cards.at(-1));
    if (focusNext === "first") list.scrollIntoView();
  }
  focusNext = null;
}

function card(i, detail) {
  const made = document.getElementById("card").content.firstElementChild.cloneNode(true);
  const part = (name) => made.querySelector(name);
  const name = papers[rows.paper[i]];
  made.dataset.row = i;
  part(".paper").textContent = name;
  part(".paper").addEventListener("click", () => go({ paper: name, id: "", sort: "paper" }));
  part(".place").textContent = place(i, detail);
  part(".link").href = address({ ...DEFAULTS, id: rows.id[i] });
  part("meter").value = rows.confidence[i];
  part(".confidence").textContent = rows.confidence[i].toFixed(3);
  for (const flag of rows.flags[i] ?? []) part(".flags").append(element("span", flag));
  drawPicture(part(".pair"), detail);
  drawMath(part(".math"), rows.latex[i], detail);
  part("code").textContent = rows.latex[i];
  part(".copy").addEventListener("click", () => copy(rows.latex[i]));
  drawOthers(part(".others"), rows.latex[i], detail.others);
  made.setAttribute("aria-label", `${name}${part(".place").textContent}`);
  return made;
}

function element(tag, text, name) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

function place(i, detail) {
  let text = rows.page[i] === null ? "" : `, page ${rows.page[i]}`;
  if (rows.number[i] !== null) text += `, (${rows.number[i]})`;
  return detail.kind === "display" ? text : `${text}, ${detail.kind}`;
}

function drawPicture(pair, detail) {
  const img = pair.querySelector("img");
  pair.style.setProperty("--ink", 600);
  if (!detail.crop) {
    img.parentElement.replaceChildren(element("span", "no picture is stored", "note"));
    return;
  }
  const [width, height, png] = detail.crop;
  pair.style.setProperty("--ink", Math.max(1, width * 72 / (detail.dpi ?? DPI) * PER_EM));
  img.width = width;
  img.height = height;
  img.src = `data:image/png;base64,${png}`;
}

/* MathML as it was checked; the few looks that have no attribute of their own are set here. */
function drawMath(box, latex, detail) {
  const root = detail.math
    && new DOMParser().parseFromString(detail.math, "application/xml").documentElement;
  if (!root || root.localName !== "math" || root.namespaceURI !== MATHML) {
    const why = !latex.trim() ? "nothing was read"
      : detail.valid ? "cannot be shown here: see the LaTeX" : "does not parse: see the LaTeX";
    box.append(element("span", why, "note"));
    return;
  }
  const math = document.importNode(root, true);
  for (const each of math.querySelectorAll("[data-look]")) {
    for (const look of each.dataset.look.split(";")) each.style.setProperty(...look.split(":"));
  }
  box.append(math);
}

/* The other transcriptions; what differs is marked. */
function drawOthers(box, latex, others) {
  if (!others.length) { box.remove(); return; }
  box.querySelector("summary").textContent =
    `${others.length} other transcription${others.length > 1 ? "s" : ""}`;
  for (const [other] of others) {
    const made = document.getElementById("other").content.firstElementChild.cloneNode(true);
    const [same, changed, rest] = compared(latex.split(" "), other.split(" "));
    made.querySelector("code").append(same, element("mark", changed || "\u200b"), rest);
    made.querySelector(".copy").addEventListener("click", () => copy(other));
    box.querySelector("ol").append(made);
  }
}

/* The tokens of `other` before, in and after the part in which it differs from `one`. */
function compared(one, other) {
  const most = Math.min(one.length, other.length);
  let start = 0, end = 0;
  while (start < most && one[start] === other[start]) start += 1;
  while (end < most - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const text = (from, to) => other.slice(from, to).map((token) => `${token} `).join("");
  return [text(0, start), text(start, other.length - end), text(other.length - end)];
}

/* --- What the reader does ------------------------------------------------------------------------ */

/* Let the reader choose these flags. */
function choices(flags) {
  const select = form.elements.flag, known = new Set([...select.options].map((o) => o.value));
  const found = new Set(flags.filter((flag) => flag && !known.has(flag)));
  for (const flag of [...found].sort()) select.append(new Option(flag, flag));
}

let silence;

function say(text) {
  said.textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => { said.textContent = ""; }, 2000);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // not allowed, or not there, as in older browsers on a page from the disk
    const area = document.createElement("textarea"), before = document.activeElement;
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    before.focus({ preventScroll: true });
  }
  say("LaTeX copied");
}

function focusCard(to) {
  for (const each of list.children) each.tabIndex = each === to ? 0 : -1;
  to.focus({ preventScroll: true });
  to.scrollIntoView({ block: "nearest" });
}

function currentCard() { return document.activeElement.closest("article"); }

/* To the next formula or the one before; past the end of the page, to the next page. */
function move(step) {
  const cards = [...list.children], current = currentCard();
  const to = current ? cards.indexOf(current) + step : 0;
  if (cards[to]) focusCard(cards[to]);
  else turnTo(Number(pagers[0].dataset.page) + step, step < 0);
}

function copyCurrent() {
  const current = currentCard();
  if (current) copy(rows.latex[Number(current.dataset.row)]);
}

const KEYS = {
  j: () => move(1), ArrowDown: () => move(1),
  k: () => move(-1), ArrowUp: () => move(-1),
  c: copyCurrent,
  n: () => turnTo(Number(pagers[0].dataset.page) + 1),
  p: () => turnTo(Number(pagers[0].dataset.page) - 1),
  "/": () => form.elements.text.select(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (form.contains(event.target)) {
    const card = list.querySelector("[tabindex='0']");
    if (event.key === "Escape" && card) focusCard(card);
    return;
  }
  if (KEYS[event.key]) { event.preventDefault(); KEYS[event.key](); }
});

form.addEventListener("input", (event) => {
  clearTimeout(pause);  // letters typed fast are one wish
  const typed = event.target.matches("input");
  pause = setTimeout(() => go({ ...Object.fromEntries(new FormData(form)), id: "" }, typed), 150);
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", (event) => {
  event.preventDefault();
  go({ ...DEFAULTS });
  fill();
});
list.addEventListener("focusin", (event) => {
  const current = event.target.closest("article");
  for (const each of list.children) each.tabIndex = each === current ? 0 : -1;
});
addEventListener("hashchange", () => { fill(); show(); });
addEventListener("DOMContentLoaded", () => {  // the scripts of the first view were run before
  choices(rows.flags.flat());
  fill();
  show();
  readOn().catch(lost);
});
