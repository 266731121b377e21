"use strict";
// The page is complete without this script. It adds a cursor over the stories, keys, the theme and
// the copy buttons; every word that it shows was put into the page when the report was written.
(() => {
  const root = document.documentElement;
  const stories = JSON.parse(document.getElementById("data").textContent) || [];
  const live = document.getElementById("live");
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const seconds = (t) => (t / 1e9).toFixed(3) + " s";
  root.classList.add("live");

  // A story: its drawings, its steps and its matrix, and one cursor over all of them.
  for (const s of stories) {
    s.box = document.getElementById(s.id);
    s.drawings = [
      { svg: s.box.querySelector("svg.wide"), axis: s.wide },
      { svg: s.box.querySelector("svg.slim"), axis: s.slim },
    ];
    s.steps = all(".steps li", s.box);
    s.at = s.focus;
  }
  const steps = stories.flatMap((s) => s.steps.map((li, i) => ({ story: s, li, n: i + 1, t: Number(li.dataset.t) })));
  let here = -1;

  const place = (axis, t) => {
    for (const [from, to, x0, x1] of axis) {
      if (t <= to) return t <= from || to === from ? x0 : x0 + ((x1 - x0) * (t - from)) / (to - from);
    }
    return axis[axis.length - 1][3];
  };

  const time = (axis, x) => {
    for (const [from, to, x0, x1] of axis) {
      if (x <= x1) return x <= x0 || x1 === x0 ? from : from + ((to - from) * (x - x0)) / (x1 - x0);
    }
    return axis[axis.length - 1][1];
  };

  const linksAt = (s, t) => s.links.findLast((l) => l.from <= t) || s.links[0];

  function showLinks(s, t) {
    const state = linksAt(s, t);
    const cut = new Set((state.cut || []).map(([a, b]) => a + "-" + b));
    const stopped = new Set((state.stopped || []).map(String));
    for (const cell of all("[data-link]", s.box)) {
      const [a, b] = cell.dataset.link.split("-");
      cell.classList.toggle("cut", cut.has(cell.dataset.link));
      cell.classList.toggle("stopped", stopped.has(a) || stopped.has(b));
    }
    s.box.querySelector(".when").textContent = seconds(t);
    s.box.querySelector(".now").textContent = state.text;
  }

  function moveTo(s, t) {
    s.at = Math.max(s.from, Math.min(t, s.to));
    for (const { svg, axis } of s.drawings) {
      const line = svg.querySelector(".cursor");
      const x = place(axis, s.at);
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
      line.setAttribute("visibility", "visible");
    }
    showLinks(s, s.at);
  }

  function rest(s) {
    s.at = s.focus;
    all(".cursor", s.box).forEach((line) => line.setAttribute("visibility", "hidden"));
    showLinks(s, s.focus);
  }

  function reset() {
    here = -1;
    all(".here").forEach((e) => e.classList.remove("here"));
    stories.forEach(rest);
  }

  // go shows a step. Only keys make it speak and scroll: a pointer is already there.
  function go(i, byKey) {
    if (i < 0 || i >= steps.length) return;
    reset();
    here = i;
    const { story, li, n, t } = steps[i];
    li.classList.add("here");
    all(`.marker[data-step="${n}"]`, story.box).forEach((m) => m.classList.add("here"));
    moveTo(story, t);
    if (byKey) {
      li.scrollIntoView({ block: "nearest" });
      live.textContent = `Step ${n}, ${li.textContent.trim()}`;
    }
  }

  const current = () => (here < 0 ? stories[0] : steps[here].story);

  function nudge(direction) {
    const s = current();
    if (!s) return;
    moveTo(s, s.at + direction * Math.min(1e8, (s.to - s.from) / 50));
    live.textContent = seconds(s.at) + ". " + linksAt(s, s.at).text;
  }

  steps.forEach(({ story, li, n }, i) => {
    li.addEventListener("click", () => go(i, false));
    all(`.marker[data-step="${n}"]`, story.box).forEach((m) => m.addEventListener("click", () => go(i, false)));
  });
  for (const s of stories) {
    for (const { svg, axis } of s.drawings) {
      svg.addEventListener("pointermove", (e) => {
        const p = new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM().inverse());
        if (p.x >= axis[0][2] && p.x <= axis[axis.length - 1][3]) moveTo(s, time(axis, p.x));
      });
      svg.addEventListener("pointerleave", () => (here < 0 ? rest(s) : moveTo(s, steps[here].t)));
    }
    all(".op", s.box).forEach((op) => op.addEventListener("focus", () => moveTo(s, Number(op.dataset.t))));
  }

  // The theme: the system's, until somebody asks for the other.
  const store = {
    get: () => { try { return localStorage.getItem("schism-theme"); } catch { return null; } },
    set: (v) => { try { localStorage.setItem("schism-theme", v); } catch { /* a page from a file may not */ } },
  };
  if (store.get()) root.dataset.theme = store.get();
  function theme() {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    root.dataset.theme = (root.dataset.theme || system) === "dark" ? "light" : "dark";
    store.set(root.dataset.theme);
  }

  function button(label, paint, action, into) {
    const b = document.createElement("button");
    b.type = "button";
    b.setAttribute("aria-label", label);
    b.title = label;
    paint(b);
    b.addEventListener("click", action);
    into.append(b);
    return b;
  }

  const half = (b) => {
    const ns = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(ns, "svg");
    const path = document.createElementNS(ns, "path");
    for (const [k, v] of Object.entries({ viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": true })) svg.setAttribute(k, v);
    path.setAttribute("d", "M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 0 0 8 1.2zm0 1.5a5.3 5.3 0 0 1 0 10.6z");
    path.setAttribute("fill", "currentColor");
    svg.append(path);
    b.append(svg);
  };
  button("Light or dark (t)", half, theme, document.getElementById("tools"));

  for (const box of all(".command")) {
    const b = button("Copy the command", (x) => { x.textContent = "Copy"; x.className = "copy"; }, async () => {
      try {
        await navigator.clipboard.writeText(box.querySelector("code").textContent);
        b.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(box.querySelector("code"));
        b.textContent = "Selected";
      }
      setTimeout(() => (b.textContent = "Copy"), 1500);
    }, box);
  }

  // Help, and the keys.
  const keys = [["n p", "next, previous step"], ["← →", "move the cursor"], ["1 – 5", "go to a section"], ["t", "light or dark"], ["Esc", "reset"], ["?", "this list"]];
  const help = document.createElement("dialog");
  const title = document.createElement("h2");
  const list = document.createElement("dl");
  title.textContent = "Keys";
  for (const [key, what] of keys) {
    const dt = document.createElement("dt");
    const dd = document.createElement("dd");
    const kbd = document.createElement("kbd");
    kbd.textContent = key;
    dt.append(kbd);
    dd.textContent = what;
    list.append(dt, dd);
  }
  help.setAttribute("aria-label", "Keys");
  help.append(title, list);
  document.body.append(help);
  document.getElementById("keys").textContent = "Press ? for keys.";

  addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const sections = all("main > section");
    if (e.key >= "1" && e.key <= "9") {
      sections[Number(e.key) - 1]?.scrollIntoView();
      return;
    }
    const actions = {
      n: () => go(here + 1, true),
      p: () => go(here < 0 ? steps.length - 1 : here - 1, true),
      ArrowLeft: () => nudge(-1),
      ArrowRight: () => nudge(1),
      t: theme,
      "?": () => (help.open ? help.close() : help.showModal()),
      Escape: reset,
    };
    if (!actions[e.key]) return;
    actions[e.key]();
    if (e.key.startsWith("Arrow")) e.preventDefault();
  });
})();
