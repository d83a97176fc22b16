"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";

  // Theme: the system's, until the reader says otherwise.
  const root = document.documentElement, button = document.getElementById("theme");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const setTheme = (isDark) => {
    root.dataset.theme = isDark ? "dark" : "light";
    button.textContent = isDark ? "Light" : "Dark";
    button.setAttribute("aria-pressed", String(isDark));
  };
  setTheme(dark.matches);
  dark.addEventListener("change", (event) => setTheme(event.matches));
  button.addEventListener("click", () => setTheme(root.dataset.theme !== "dark"));

  const element = (name, attributes = {}, text = "") => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  };
  const shape = (parent, name, attributes, text = "") => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    parent.appendChild(made);
    return made;
  };
  const short = (text, most) => (text.length > most ? text.slice(0, most - 1) + "\u2026" : text);

  // Drawn at the width that is there, so that letters keep their size on a telephone.
  const widest = (most) => Math.max(300, Math.min(most, document.querySelector("main").clientWidth - 48));

  // Estimates with their intervals, in percent, one line each.
  const dots = (figure, rows) => {
    const kept = rows.filter((row) => row.share !== null && row.share !== undefined);
    if (!figure || !kept.length) return;
    const width = widest(760), left = Math.min(190, 0.38 * width), step = 24, top = 8, height = top + kept.length * step + 26;
    const svg = shape(figure, "svg", { viewBox: `0 0 ${width} ${height}`, width, height });
    const x = (share) => left + share * (width - left - 24);
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      shape(svg, "line", { x1: x(share), x2: x(share), y1: top, y2: height - 22, class: share === 0.5 ? "chance" : "grid" });
      shape(svg, "text", { x: x(share), y: height - 6, "text-anchor": "middle", class: "soft" }, `${100 * share} %`);
    }
    kept.forEach((row, number) => {
      const y = top + step * (number + 0.5);
      shape(svg, "text", { x: left - 12, y: y + 4, "text-anchor": "end" }, short(row.name, Math.floor(left / 7)));
      if (row.low !== null) shape(svg, "line", { x1: x(row.low), x2: x(row.high), y1: y, y2: y, class: "bar" });
      shape(svg, "circle", { cx: x(row.share), cy: y, r: 5, class: "dot" });
    });
  };
  dots(document.getElementById("concept-chart"), data.concepts.map((row) => ({ ...row, name: row.concept })));
  dots(document.getElementById("board-chart"), data.board.map((row) => ({ ...row, name: row.model })));

  // Surprise over predicted time, a line a clip.
  const curves = (parent, comparison) => {
    const clips = comparison.clips.filter((clip) => clip.times.length > 1);
    if (!clips.length) return;
    const width = widest(720), height = 170, left = 56, bottom = 30, top = 10;
    const svg = shape(parent, "svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" });
    shape(svg, "title", {}, `Surprise over predicted time of ${comparison.id}`);
    const times = clips.flatMap((clip) => clip.times), values = clips.flatMap((clip) => clip.surprise);
    const [t0, t1] = [Math.min(...times), Math.max(...times)];
    const low = Math.min(...values), high = Math.max(...values), pad = (high - low || 1) * 0.08;
    const x = (t) => left + ((t - t0) / (t1 - t0 || 1)) * (width - left - 12);
    const y = (s) => height - bottom - ((s - low + pad) / (high - low + 2 * pad)) * (height - bottom - top);
    const [hides, shows] = comparison.spans;
    if (hides !== null && shows !== null && shows > hides) {
      const [from, to] = [x(Math.max(hides, t0)), x(Math.min(shows, t1))];
      shape(svg, "rect", { x: from, y: top, width: Math.max(to - from, 0), height: height - bottom - top, class: "span" });
      shape(svg, "text", { x: from + 4, y: top + 12, class: "soft" }, "hidden");
    }
    for (const value of [low, high]) {
      shape(svg, "line", { x1: left, x2: width - 12, y1: y(value), y2: y(value), class: "grid" });
      shape(svg, "text", { x: left - 6, y: y(value) + 4, "text-anchor": "end", class: "soft" }, value.toPrecision(3));
    }
    const violations = new Set(clips.map((clip) => clip.violation).filter((frame) => frame !== null));
    for (const frame of violations) {
      if (frame < t0 || frame > t1) continue;
      shape(svg, "line", { x1: x(frame), x2: x(frame), y1: top, y2: height - bottom, class: "violation" });
      shape(svg, "text", { x: x(frame) + 4, y: height - bottom - 4, class: "soft" }, `violation, frame ${frame}`);
    }
    comparison.clips.forEach((clip, number) => {
      if (clip.times.length < 2) return;
      const points = clip.times.map((t, k) => `${x(t).toFixed(1)},${y(clip.surprise[k]).toFixed(1)}`).join(" ");
      shape(svg, "polyline", { points, class: `curve c${colour(comparison, number)}` });
    });
    shape(svg, "text", { x: (left + width) / 2, y: height - 6, "text-anchor": "middle", class: "soft" }, "predicted frame");
  };
  // Possible clips are blue, impossible ones orange, in quadruplets (aa, ab, ba, bb) and in pairs.
  const colour = (comparison, number) => (comparison.clips.length === 4 ? [0, 1, 2, 3][number] : number);

  const play = (frame, clip) => {
    if (frame.querySelector("video") || !clip.video) return;
    const video = element("video", { muted: "", loop: "", playsinline: "", width: clip.width, height: clip.height, "aria-hidden": "true" });
    video.muted = true;
    video.src = clip.video;
    frame.appendChild(video);
    video.play().catch(() => {});
  };
  const stop = (frame) => { const video = frame.querySelector("video"); if (video) video.remove(); };

  const clipButton = (comparison, clip, number) => {
    const made = element("button", { type: "button", class: "clip", "aria-label": `Play ${clip.id}, ${clip.label}` });
    const name = element("span", { class: "name" });
    name.append(element("span", { class: `key k${colour(comparison, number)}` }), element("strong", {}, clip.label), element("span", {}, [clip.role, clip.id].filter(Boolean).join(", ")));
    const frame = element("span", { class: "frame" });
    if (clip.strip) {
      const numbers = clip.numbers.join(", ");
      frame.append(element("img", { src: clip.strip, alt: `Frames ${numbers} of ${clip.id}`, loading: "lazy", decoding: "async" }));
    } else {
      frame.append(element("span", {}, "no picture"));
    }
    made.append(name, frame);
    if (clip.heat) {
      const heat = element("span", { class: "heat" });
      heat.append(element("img", { src: clip.heat, alt: `Surprise over the predicted frames of ${clip.id}`, loading: "lazy" }));
      made.append(heat);
    }
    made.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") play(frame, clip); });
    made.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") stop(frame); });
    made.addEventListener("click", (event) => {
      const mouse = event.detail > 0 && window.matchMedia("(hover: hover)").matches;
      if (frame.querySelector("video") && !mouse) stop(frame); else play(frame, clip);
    });
    made.addEventListener("blur", () => stop(frame));
    return made;
  };

  const cards = document.getElementById("cards");
  for (const comparison of data.comparisons) {
    const card = element("article", { class: "card" });
    card.comparison = comparison;
    card.append(element("h3", {}, comparison.id));
    const tags = element("ul", { class: "tags" });
    const known = ["right", "wrong"].includes(comparison.answer);
    tags.append(element("li", known ? { class: comparison.answer } : {}, comparison.answer), element("li", {}, comparison.concept));
    if (comparison.contrast !== null) tags.append(element("li", {}, `impossible less possible: ${comparison.contrast.toPrecision(3)}`));
    for (const [key, value] of Object.entries(comparison.conditions)) tags.append(element("li", {}, `${key}: ${value}`));
    card.append(tags);
    const figure = element("figure");
    curves(figure, comparison);
    const clips = element("div", { class: "clips" });
    comparison.clips.forEach((clip, number) => clips.append(clipButton(comparison, clip, number)));
    card.append(figure, clips);
    cards.append(card);
  }

  // Filters.
  const concept = document.getElementById("filter-concept"), answer = document.getElementById("filter-answer");
  const fill = (select, values) => { for (const value of new Set(values)) select.append(element("option", { value }, value)); };
  fill(concept, data.comparisons.map((one) => one.concept));
  fill(answer, data.comparisons.map((one) => one.answer));
  const filter = () => {
    let shown = 0;
    for (const card of cards.children) {
      const fits = (!concept.value || card.comparison.concept === concept.value) && (!answer.value || card.comparison.answer === answer.value);
      card.hidden = !fits;
      shown += fits;
    }
    for (const row of document.querySelectorAll("#concepts tr[data-concept]")) {
      row.hidden = Boolean(concept.value) && row.dataset.concept !== concept.value && row.dataset.concept !== "all";
    }
    document.getElementById("count").textContent = `${shown} shown`;
  };
  for (const select of [concept, answer]) select.addEventListener("change", filter);
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  filter();
})();
