// What every page shares: the menu, keys, copying, and telling people when a request went wrong.
"use strict";

document.documentElement.classList.add("scripted");
const texts = document.body.dataset;

function say(text) {
  const toast = document.createElement("p");
  toast.className = "toast";
  toast.textContent = text;
  document.getElementById("toasts").append(toast);
  setTimeout(() => toast.remove(), 8000);
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(button.dataset.copied);
}

document.addEventListener("click", (event) => {
  const fold = event.target.closest("[data-fold]");
  if (fold) {
    const folded = document.documentElement.classList.toggle("sidebar-folded");
    document.cookie = `sidebar=${folded ? "folded" : "open"}; path=/; max-age=31536000; samesite=lax`;
  }
  const copier = event.target.closest("[data-copy]");
  if (copier) copy(document.querySelector(copier.dataset.copy).textContent, copier);
  for (const open of document.querySelectorAll("details.scope[open], details.menu[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

// What scrolls by itself is reached by the keyboard, and what does not is no stop on its way.
function reachable(root) {
  for (const box of root.querySelectorAll(".table-scroll")) box.tabIndex = box.scrollWidth > box.clientWidth ? 0 : -1;
}

window.addEventListener("load", () => reachable(document));
document.addEventListener("htmx:afterSettle", () => reachable(document));

function isWriting(element) {
  return element.matches("input:not([type=checkbox]):not([type=radio]):not([type=file]), textarea, select, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape") {
    const open = document.querySelector("details.scope[open], details.menu[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
      event.preventDefault();
    }
    return;
  }
  if (isWriting(event.target)) return;
  if (event.key === "?") document.getElementById("keys-help").showModal();
  else if (event.key === "n") document.querySelector("[data-new]")?.click();
  else if (event.key === "/") {
    const field = document.getElementById("question") || document.getElementById("filter");
    if (!field) return;
    field.focus();
  } else return;
  event.preventDefault();
});

document.addEventListener("htmx:sendError", () => say(texts.lost));
document.addEventListener("htmx:timeout", () => say(texts.lost));
document.addEventListener("htmx:responseError", (event) => {
  const request = event.detail.xhr;
  const plain = (request.getResponseHeader("Content-Type") || "").startsWith("text/plain");
  say(plain && request.responseText.length < 500 ? request.responseText : texts.wrong);
});
// A request that ends on the sign-in page means that the session is over; its page is not put into ours.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL || location.href).pathname === "/sign-in/") {
    event.detail.shouldSwap = false;
    say(texts.signedOut);
  }
});
