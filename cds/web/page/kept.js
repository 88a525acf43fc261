// What stays as it was while the page is drawn again: folds, the place of the focus, and words half typed.

// A fold that is drawn again as it was left. What a click is about to do is noted at once, since a browser tells of
// what it has done (toggle) a moment later, and the page may have been drawn again by then.
export function remembered(details, state) {
  const summary = details.querySelector("summary");
  const note = (open) => (open ? state.opened.add(details.id) : state.opened.delete(details.id));
  summary.id ||= `${details.id}-summary`;
  summary.addEventListener("click", (event) => event.defaultPrevented || note(!details.open));
  details.addEventListener("toggle", () => note(details.open));
  return details;
}

// Draw, and give the focus back to what has the same id, or stands at the same place of the same fold.
export function keepingPlace(draw) {
  const before = document.activeElement;
  const held = before && before !== document.body ? { id: before.id, fold: before.closest("details[id]")?.id, at: placeIn(before), ...typed(before) } : null;
  draw();
  if (!held || document.activeElement === before) return;
  const after = (held.id && document.getElementById(held.id)) || nth(held.fold, held.at);
  if (!after) return;
  after.focus({ preventScroll: true });
  if (held.value !== undefined && after.value !== held.value && "value" in after) after.value = held.value;
  if (Number.isInteger(held.from)) after.setSelectionRange?.(held.from, held.to);
}

const REACHED = "a[href], button, input, select, textarea, summary";

function placeIn(node) {
  const around = node.closest("details[id]");
  return around ? [...around.querySelectorAll(REACHED)].indexOf(node) : -1;
}

function nth(fold, at) {
  const around = fold && document.getElementById(fold);
  return around ? [...around.querySelectorAll(REACHED)][Math.max(0, at)] : null;
}

// What stands in a field that is still being filled in; buttons of choice hold none.
function typed(node) {
  if (!node.matches("textarea, input:not([type=checkbox], [type=radio], [type=button], [type=submit])")) return {};
  let [from, to] = [null, null];
  try {
    [from, to] = [node.selectionStart, node.selectionEnd];
  } catch {
    // dates and numbers have no selection
  }
  return { value: node.value, from, to };
}
