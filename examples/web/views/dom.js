/**
 * Elements without a framework. Text only ever becomes text nodes: nothing here, or anywhere in
 * the page, parses markup.
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. Properties that begin with `on` are listeners, `testid` is `data-testid`,
 * `true` sets an empty attribute, and null, undefined and false leave it out.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else setAttribute(element, name === "testid" ? "data-testid" : name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

/** Set, or with null or false remove, an attribute; leaves an equal one alone. */
export function setAttribute(element, name, value) {
  if (value == null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Replace an element's text where it is another. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Put these children in place of what is there; absent ones are left out. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child != null && child !== false));
}

/** An icon of {@link ../views/icons.js}: stroked, in the colour of the text around it. */
export function icon(paths) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  for (const d of [paths].flat()) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

const rows = new WeakMap();

/**
 * Make the children of `parent` show `items` in order, keeping the row of each key.
 *
 * @param {(item: T) => string} key
 * @param {(item: T) => {element: Element, update(item: T): void}} create
 * @template T
 */
export function reconcile(parent, items, key, create) {
  const held = rows.get(parent) ?? new Map();
  const next = new Map();
  let place = parent.firstChild;
  for (const item of items) {
    const name = key(item);
    const row = held.get(name) ?? create(item);
    row.update(item);
    if (row.element === place) place = place.nextSibling;
    else parent.insertBefore(row.element, place);
    next.set(name, row);
  }
  for (const [name, row] of held) if (!next.has(name)) row.element.remove();
  rows.set(parent, next);
}

/** Arrow keys, Home and End move the focus among the elements that match, inside `container`. */
export function arrowKeys(container, selector) {
  container.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (!step || event.altKey || event.metaKey || event.ctrlKey) return;
    const elements = [...container.querySelectorAll(selector)];
    const at = elements.indexOf(event.target.closest(selector));
    if (at < 0) return;
    const next = Math.min(Math.max(at + step, 0), elements.length - 1);
    elements[next].focus();
    event.preventDefault();
  });
}
