"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const by = (id) => document.getElementById(id);
  const sections = ["welcome", "trial", "paused", "end"];
  const show = (name) => { for (const one of sections) by(one).hidden = one !== name; };

  // Order: drawn from the participant's code, so that it can be drawn again; one scene never twice in a row
  // where that can be avoided.
  const hash = (text) => {
    let h = 2166136261;
    for (const character of text) { h ^= character.codePointAt(0); h = Math.imul(h, 16777619); }
    return h >>> 0;
  };
  const generator = (seed) => () => {
    seed = (seed + 0x6d2b79f5) >>> 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const drawn = (participant) => {
    const random = generator(hash(`${participant}|${data.fingerprint}`));
    const order = data.clips.map((_, number) => number);
    for (let i = order.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    for (let i = 1; i < order.length; i++) {
      if (data.clips[order[i]].scene !== data.clips[order[i - 1]].scene) continue;
      const j = order.findIndex((number, k) => k > i && data.clips[number].scene !== data.clips[order[i - 1]].scene);
      if (j > 0) [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  };

  let state = null, startedAt = 0, endedAt = 0, plays = 0;
  const key = (participant) => `voe-humans|${data.fingerprint}|${participant}`;
  const keep = () => {
    try { localStorage.setItem(key(state.participant), JSON.stringify(state)); } catch { /* private window: nothing is kept */ }
  };
  const kept = (participant) => {
    try { return JSON.parse(localStorage.getItem(key(participant))); } catch { return null; }
  };

  // Practice: the last clips of the order are shown first, and their ratings do not count.
  const practice = () => Math.min(data.practice, data.clips.length);
  const current = () => {
    const trial = state.trial;
    return data.clips[trial < practice() ? state.order[state.order.length - 1 - trial] : state.order[trial - practice()]];
  };
  const total = () => data.clips.length + practice();

  const video = by("video");
  const rates = [...document.querySelectorAll(".rate")];
  const enable = (on) => { for (const one of rates) one.disabled = !on; by("ask").textContent = on ? "How surprising was it?" : "Please watch."; };
  const play = () => { plays += 1; enable(false); video.currentTime = 0; video.play().catch(() => enable(true)); };
  video.addEventListener("ended", () => { endedAt = performance.now(); enable(true); });

  const next = () => {
    if (state.trial >= total()) { finish(); return; }
    show("trial");
    const training = state.trial < practice();
    by("where").textContent = training ? `Practice ${state.trial + 1} of ${practice()}` : `Video ${state.trial - practice() + 1} of ${data.clips.length}`;
    by("bar").value = state.trial / total();
    plays = 0; startedAt = performance.now();
    video.src = current().video;
    play();
  };
  const rate = (value) => {
    if (by("trial").hidden || rates[0].disabled) return;
    state.rows.push([state.participant, current().code, state.trial - practice() + 1, value, Math.round(performance.now() - endedAt), plays, state.trial < practice() ? 1 : 0]);
    state.trial += 1;
    keep();
    next();
  };
  const csv = () => {
    const head = "participant,clip,trial,rating,response_ms,plays,practice,fingerprint,started";
    return [head, ...state.rows.map((row) => [...row, data.fingerprint, state.started].join(","))].join("\n") + "\n";
  };
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    link.download = `voe-${state.participant}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const finish = () => { video.removeAttribute("src"); by("text").value = csv(); show("end"); };
  const pause = () => { video.pause(); show("paused"); };

  by("participant").addEventListener("input", () => {
    const found = kept(by("participant").value.trim());
    by("known").textContent = found ? `There are ${found.rows.length} ratings of this code in this browser; Begin goes on from there.` : "";
  });
  by("begin").addEventListener("submit", (event) => {
    event.preventDefault();
    const participant = by("participant").value.trim();
    state = kept(participant) ?? { participant, order: drawn(participant), trial: 0, rows: [], started: new Date().toISOString() };
    keep();
    next();
  });
  by("again").addEventListener("click", play);
  by("pause").addEventListener("click", pause);
  by("resume").addEventListener("click", next);
  for (const one of document.querySelectorAll(".save")) one.addEventListener("click", save);
  for (const one of rates) one.addEventListener("click", () => rate(Number(one.dataset.value)));
  document.addEventListener("keydown", (event) => {
    if (by("trial").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^[1-9]$/.test(event.key) && Number(event.key) <= data.scale) rate(Number(event.key));
    if (event.key.toLowerCase() === "r") play();
    if (event.key.toLowerCase() === "p") pause();
  });
})();
