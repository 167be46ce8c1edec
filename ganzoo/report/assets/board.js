"use strict";
// Sorting and filtering of the boards, with their state in the fragment of the address:
// #digits?sort=-fid&q=gan&backend=torch,jax. Without it the pages are whole.

const number = (text) => (text === "" ? NaN : Number(text));

function compare(a, b, turned) {
  if (a === b) return 0;
  if (a === "" || b === "") return a === "" ? 1 : -1; // rows without a value stay last
  const [x, y] = [number(a), number(b)];
  const order = Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en") : x - y;
  return turned ? -order : order;
}

class Board {
  constructor(section, changed) {
    this.name = section.dataset.board;
    this.body = section.querySelector("tbody");
    this.rows = [...this.body.rows]; // as they were made: by rank
    this.heads = [...section.querySelectorAll("thead th")];
    this.changed = changed;
    this.heads.forEach((head) => this.makeSortable(head));
    this.makeFilter(section);
    this.reset();
  }

  makeSortable(head) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => {
      const column = head.dataset.column;
      this.sort = this.sort === column ? `-${column}` : this.sort === `-${column}` ? "" : column;
      this.apply();
      this.changed(this);
    });
    head.append(button);
  }

  makeFilter(section) {
    const form = document.createElement("form");
    form.className = "filter";
    form.addEventListener("submit", (event) => event.preventDefault());
    this.query = Object.assign(document.createElement("input"), { type: "search", size: 14 });
    form.append(labelled("Variant ", this.query, true));
    const backends = [...new Set(this.rows.map((row) => row.dataset.backend))].filter((name) => name).sort();
    this.boxes = backends.map((name) => {
      const box = Object.assign(document.createElement("input"), { type: "checkbox", value: name });
      form.append(labelled(` ${name}`, box, false));
      return box;
    });
    this.count = document.createElement("span");
    this.count.setAttribute("role", "status");
    const reset = Object.assign(document.createElement("button"), { type: "button", textContent: "Show all" });
    reset.addEventListener("click", () => {
      this.reset();
      this.changed(this);
    });
    form.append(reset, this.count);
    for (const input of [this.query, ...this.boxes]) {
      input.addEventListener("input", () => {
        this.apply();
        this.changed(this);
      });
    }
    section.querySelector(".scroll").before(form);
  }

  reset() {
    this.restore(new URLSearchParams());
  }

  restore(state) {
    const sort = state.get("sort") || "";
    this.sort = this.heads.some((head) => head.dataset.column === sort.replace(/^-/, "")) ? sort : "";
    this.query.value = state.get("q") || "";
    const chosen = state.has("backend") ? state.get("backend").split(",") : null;
    this.boxes.forEach((box) => (box.checked = !chosen || chosen.includes(box.value)));
    this.apply();
  }

  state() {
    const found = new URLSearchParams();
    if (this.sort) found.set("sort", this.sort);
    if (this.query.value) found.set("q", this.query.value);
    const chosen = this.boxes.filter((box) => box.checked).map((box) => box.value);
    if (chosen.length < this.boxes.length) found.set("backend", chosen.join(","));
    const text = found.toString().replaceAll("%2C", ",");
    return text ? `${this.name}?${text}` : this.name;
  }

  apply() {
    const column = this.sort.replace(/^-/, "");
    const place = this.heads.findIndex((head) => head.dataset.column === column);
    const turned = this.sort.startsWith("-");
    this.heads.forEach((head, i) => {
      if (i === place) head.setAttribute("aria-sort", turned ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const value = (row) => row.cells[place].dataset.v;
    const sorted = place < 0 ? this.rows : [...this.rows].sort((a, b) => compare(value(a), value(b), turned));
    const chosen = this.boxes.filter((box) => box.checked).map((box) => box.value);
    const text = this.query.value.toLowerCase();
    let left = 0;
    for (const row of sorted) {
      const backend = row.dataset.backend;
      row.hidden = !row.dataset.variant.toLowerCase().includes(text) || (backend !== "" && !chosen.includes(backend));
      left += row.hidden ? 0 : 1;
      this.body.append(row);
    }
    this.count.textContent = left < this.rows.length ? `${left} of ${this.rows.length} rows` : `${left} rows`;
  }
}

function labelled(text, input, before) {
  const label = document.createElement("label");
  label.append(...(before ? [text, input] : [input, text]));
  return label;
}

function start() {
  const remember = (board) => history.replaceState(null, "", `#${board.state()}`);
  const boards = [...document.querySelectorAll("[data-board]")].map((section) => new Board(section, remember));
  const restore = () => {
    const [name, state] = location.hash.slice(1).split("?"); // names of boards need no escapes
    const board = boards.find((each) => each.name === name);
    if (!board || state === undefined) return;
    board.restore(new URLSearchParams(state));
    document.getElementById(name).scrollIntoView();
  };
  window.addEventListener("hashchange", restore);
  restore();
}

start();
