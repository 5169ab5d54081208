// The source panel beside an answer: opened by its citations and cards, gone through by [ and ].
"use strict";

const panel = document.getElementById("panel");

let opened = null; // the link whose source is shown

function openSource(link) {
  for (const old of document.querySelectorAll(".turn [aria-current]")) old.removeAttribute("aria-current");
  opened = link;
  link.setAttribute("aria-current", "true");
  panel.hidden = false;
  document.body.classList.add("with-panel");
  if (!panel.childElementCount) note(panel.dataset.loading);
  fetch(link.href, { headers: { "HX-Request": "true" } }).then(async (answer) => {
    if (link !== opened) return;
    if (!answer.ok || answer.redirected) return note(panel.dataset.missing);
    panel.innerHTML = await answer.text();
    ready();
  }).catch(() => note(texts.lost));
}

function note(text) {
  const paragraph = document.createElement("p");
  paragraph.className = "panel-note quiet";
  paragraph.setAttribute("role", "status");
  paragraph.textContent = text;
  panel.replaceChildren(paragraph);
}

function ready() {
  const links = neighbours();
  for (const button of panel.querySelectorAll("[data-step]")) button.hidden = links.length < 2;
  panel.querySelector("[data-close]").hidden = false;
  const body = panel.querySelector(".panel-body");
  const quote = panel.querySelector("#quote");
  if (quote) {
    const box = quote.getBoundingClientRect(), frame = body.getBoundingClientRect();
    body.scrollTop += box.top - frame.top - Math.max(24, (frame.height - box.height) / 3);
  }
  reachable(panel);
  panel.focus({ preventScroll: true });
}

function neighbours() {
  const turn = opened?.closest(".turn");
  return turn ? [...turn.querySelectorAll('[data-part="after"] .cards a.source')] : [];
}

function step(by) {
  const links = neighbours();
  if (!opened || !links.length) {
    const marks = [...document.querySelectorAll(".turn .cards a.source")];
    if (marks.length) openSource(by > 0 ? marks[0] : marks.at(-1));
    return;
  }
  const at = links.findIndex((link) => link.href === opened.href);
  openSource(links[(at + by + links.length) % links.length]);
}

function closeSource() {
  panel.hidden = true;
  panel.replaceChildren();
  document.body.classList.remove("with-panel");
  opened?.removeAttribute("aria-current");
  opened?.focus();
  opened = null;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a.cite, .cards a.source");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    openSource(link);
  }
  const stepper = event.target.closest("[data-step]");
  if (stepper) step(Number(stepper.dataset.step));
  if (event.target.closest("[data-close]")) closeSource();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (event.key === "Escape") {
    if (panel.hidden || document.querySelector("dialog[open], details.scope[open], details.menu[open]")) return;
    closeSource();
  } else if (!isWriting(event.target) && (event.key === "[" || event.key === "]")) step(event.key === "]" ? 1 : -1);
  else return;
  event.preventDefault();
});
