"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  root.classList.add("js");

  // --- dark and light ---------------------------------------------------------------------------------------------
  const remembered = {
    get: () => { try { return localStorage.getItem("racekit-theme"); } catch { return null; } },
    set: (theme) => { try { localStorage.setItem("racekit-theme", theme); } catch { /* a page may be without storage */ } },
  };
  if (remembered.get()) root.dataset.theme = remembered.get();
  const switchTheme = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    remembered.set(root.dataset.theme);
  };
  one("[data-theme-switch]").addEventListener("click", switchTheme);

  // --- copying ----------------------------------------------------------------------------------------------------
  for (const button of all("[data-copy]")) {
    button.addEventListener("click", async () => {
      const text = one("pre", button.parentElement);
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "copied";
      } catch {
        getSelection().selectAllChildren(text);
      }
    });
  }

  // --- walking through the steps ----------------------------------------------------------------------------------
  const toolbar = one(".steps");
  if (!toolbar) return;
  const atStep = one(".at-step");
  const now = one("[data-now]");
  const values = one("[data-values]");
  const sourceLines = new Map(all(".lines li").map((line) => [line.id, line]));
  let selected = null;

  const schedule = () => all("[data-schedule]").find((each) => each.offsetParent !== null);
  const steps = () => all(".step", schedule()).filter((step) => step.offsetParent !== null);

  const scrollWithin = (box, line) => {
    const space = box.getBoundingClientRect();
    const place = line.getBoundingClientRect();
    if (place.top < space.top + 40 || place.bottom > space.bottom - 20) {
      box.scrollTop += place.top - space.top - space.height / 2;
    }
  };

  const showValues = (step) => {
    const known = new Map();
    for (const each of all(".step", schedule())) {
      const { location, target, value, thread, access } = each.dataset;
      if (value && access !== "synchronization") {
        const told = access === "write" ? `written by ${thread}` : known.get(location)?.told ?? "";
        known.set(location, { target, value, told, changed: each === step && access === "write" });
      }
      if (each === step) break;
    }
    const body = one("tbody", values);
    body.replaceChildren();
    for (const { target, value, told, changed } of known.values()) {
      const row = body.insertRow();
      row.classList.toggle("changed", changed);
      const name = row.insertCell();
      name.className = "target";
      name.textContent = target;
      const shown = document.createElement("span");
      shown.className = "value";
      shown.textContent = value;
      row.insertCell().append(shown);
      row.insertCell().textContent = told;
    }
    values.hidden = known.size === 0;
  };

  const showSource = (step) => {
    for (const line of all(".lines li.current")) line.classList.remove("current");
    for (const mark of all(".ran-by .is-here")) mark.classList.remove("is-here");
    const here = new Map();
    for (const each of all(".step", schedule())) {
      here.set(each.dataset.lane, each.dataset.line);
      if (each === step) break;
    }
    for (const [lane, line] of here) {
      one(`.ran-by [data-lane="${lane}"]`, sourceLines.get(line) ?? root)?.classList.add("is-here");
    }
    const line = sourceLines.get(step.dataset.line);
    if (line) {
      line.classList.add("current");
      scrollWithin(one(".source"), line);
    }
  };

  const show = (step) => {
    now.replaceChildren(...[...one(".more", step).childNodes].map((node) => node.cloneNode(true)));
    showValues(step);
    showSource(step);
    schedule().classList.add("selecting");
    for (const curve of all(".curve", schedule())) {
      curve.classList.toggle("touched", curve.dataset.first === step.id || curve.dataset.second === step.id);
    }
  };

  const select = (step) => {
    root.classList.toggle("walking", step !== null);
    for (const each of all(".step.selected")) each.classList.remove("selected");
    selected = step;
    if (!step) {
      now.replaceChildren();
      values.hidden = true;
      for (const each of all(".selecting")) each.classList.remove("selecting");
      for (const line of all(".lines li.current")) line.classList.remove("current");
      for (const mark of all(".ran-by .is-here")) mark.classList.remove("is-here");
      atStep.textContent = "press → to walk through it";
      return;
    }
    step.classList.add("selected");
    const among = steps();
    atStep.textContent = `step ${among.indexOf(step) + 1} of ${among.length}`;
    show(step);
    history.replaceState(null, "", `#${step.id}`);
  };

  const walk = (to) => {
    const among = steps();
    if (among.length === 0) return;
    const at = among.indexOf(selected);
    const index = { first: 0, last: among.length - 1, forward: at + 1, back: at < 0 ? 0 : at - 1 }[to];
    const step = among[Math.min(Math.max(index, 0), among.length - 1)];
    select(step);
    step.scrollIntoView({ block: "nearest" });
  };

  toolbar.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (button) walk(button.dataset.step);
  });
  for (const step of all(".step")) {
    step.addEventListener("click", () => select(step));
    step.addEventListener("focus", () => { if (step.matches(":focus-visible")) select(step); });
    step.addEventListener("mouseenter", () => show(step));
  }
  for (const rows of all(".rows")) {
    rows.addEventListener("mouseleave", () => (selected && selected.offsetParent ? show(selected) : select(null)));
  }

  // --- only what matters: rows go, arrows follow ------------------------------------------------------------------
  const only = one("[data-only-what-matters]");
  const draw = () => {
    const middle = (row) => row.offsetTop + 20;
    for (const curve of all(".curve", schedule())) {
      const first = document.getElementById(curve.dataset.first);
      const second = document.getElementById(curve.dataset.second);
      const out = !first.offsetParent || !second.offsetParent;
      curve.classList.toggle("out", out);
      if (out) continue;
      const [line, tip] = curve.children;
      line.setAttribute("y", middle(first));
      line.setAttribute("height", middle(second) - middle(first));
      tip.setAttribute("y", middle(second));
    }
  };
  only.addEventListener("change", () => {
    root.classList.toggle("only-what-matters", only.checked);
    draw();
    select(selected && selected.offsetParent ? selected : null);
  });

  const schedules = all(".schedules input");
  for (const input of schedules) input.addEventListener("change", () => { select(null); draw(); });

  const keys = {
    ArrowRight: () => walk("forward"),
    ArrowLeft: () => walk("back"),
    j: () => walk("forward"),
    k: () => walk("back"),
    Home: () => walk("first"),
    End: () => walk("last"),
    Escape: () => select(null),
    m: () => only.click(),
    o: () => schedules[(schedules.findIndex((input) => input.checked) + 1) % schedules.length]?.click(),
    t: switchTheme,
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input[type=radio]") && event.key.startsWith("Arrow");
    if (event.ctrlKey || event.metaKey || event.altKey || typing || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  const linked = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (linked?.matches(".step")) {
    if (!linked.offsetParent) schedules[all("[data-schedule]").indexOf(linked.closest("[data-schedule]"))]?.click();
    select(linked);
    linked.scrollIntoView({ block: "center" });
  }
})();
