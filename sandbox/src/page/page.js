// Shows where in the menu a page is, and shows the page again when something
// happened in the sandbox. Without it, the page is as good as when it was loaded.
(() => {
  "use strict";
  // On a narrow screen the menu is wider than the window.
  const nav = document.querySelector("nav");
  const here = nav.querySelector("[aria-current]");
  if (here) nav.scrollLeft = here.offsetLeft - nav.offsetLeft - (nav.clientWidth - here.clientWidth) / 2;

  // Every text that is shown as it is can be copied.
  const addCopyButtons = () => {
    for (const text of document.querySelectorAll("main pre")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet copy";
      button.textContent = "Copy";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
      });
      text.before(button);
    }
  };
  addCopyButtons();

  const withoutButtons = (part) => {
    const copy = part.cloneNode(true);
    for (const button of copy.querySelectorAll("button.copy")) button.remove();
    return copy.innerHTML;
  };

  const last = document.body.dataset.last;
  if (!last || !window.EventSource) return;

  let waiting = false;

  // The page is not replaced while a form is being filled in.
  const busy = () => {
    const main = document.querySelector("main");
    const field = document.activeElement;
    if (field && main.contains(field) && field.matches("input, select, textarea")) return true;
    return [...main.querySelectorAll("form")].some((form) =>
      [...form.elements].some(
        (field) =>
          field.checked !== field.defaultChecked ||
          ("defaultValue" in field && field.type !== "hidden" && field.value !== field.defaultValue),
      ),
    );
  };

  const keyOf = (details) => details.id || details.querySelector("summary")?.textContent;

  const show = async () => {
    waiting = false;
    if (busy() || document.body.dataset.result) return;
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok || busy()) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const open = new Set([...document.querySelectorAll("main details[open]")].map(keyOf));
    const focused = document.activeElement?.id;
    for (const part of ["main", "header .clock"]) {
      const [old, renewed] = [document.querySelector(part), fresh.querySelector(part)];
      if (!old || !renewed || withoutButtons(old) === renewed.innerHTML) continue;
      old.innerHTML = renewed.innerHTML;
      if (part === "main") addCopyButtons();
    }
    for (const details of document.querySelectorAll("main details")) {
      if (open.has(keyOf(details))) details.open = true;
    }
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  };

  const events = new EventSource(`/_sandbox/log/stream?after=${last}`);
  events.onmessage = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(show, 150);
  };
  addEventListener("pagehide", () => events.close());
})();
