/** Creates and updates DOM nodes; never from strings of HTML. */

/** @typedef {Node | string | number | false | null | undefined} Child */

/**
 * Create an element. `on…` properties become listeners, others attributes; false, null and
 * undefined omit the attribute.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function createElement(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [k, v] of Object.entries(value)) node.style.setProperty(k, v);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, String(value));
  }
  node.append(...presentChildren(children));
  return node;
}

/** @param {(Child | Child[])[]} children @returns {(Node | string)[]} */
export function presentChildren(children) {
  return children.flat().filter((one) => one !== false && one != null && one !== "")
    .map((one) => (one instanceof Node ? one : String(one)));
}

/** @type {WeakMap<Element, string>} */
const signatures = new WeakMap();

/**
 * Replace a node's children, but only if the data they are drawn from has changed.
 * @param {Element} node
 * @param {unknown} from
 * @param {() => (Child | Child[])[]} draw
 * @returns {boolean} whether the children were replaced
 */
export function replaceIfChanged(node, from, draw) {
  const signature = JSON.stringify(from);
  if (signatures.get(node) === signature) return false;
  signatures.set(node, signature);
  keepingFocus(node, () => node.replaceChildren(...presentChildren(draw())));
  return true;
}

/**
 * Update a node's children, one per item; the children of unchanged items stay.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string} key
 * @param {(item: T) => unknown} from
 * @param {(item: T) => Element} draw
 */
export function updateList(parent, items, key, from, draw) {
  const before = new Map([...parent.children].map((one) => [one.getAttribute("data-key"), one]));
  keepingFocus(parent, () => {
    const children = items.map((item) => {
      const old = before.get(key(item));
      const signature = JSON.stringify(from(item));
      if (old && signatures.get(old) === signature) return old;
      const fresh = draw(item);
      fresh.setAttribute("data-key", key(item));
      signatures.set(fresh, signature);
      return fresh;
    });
    const kept = new Set(children);
    for (const old of [...parent.children]) if (!kept.has(old)) old.remove();
    children.forEach((one, i) => {
      if (parent.children[i] !== one) parent.insertBefore(one, parent.children[i] ?? null);
    });
  });
}

/**
 * Keep the focus during a change, even if the focused node is replaced by one with the same id.
 * @param {Element} within
 * @param {() => void} change
 */
function keepingFocus(within, change) {
  const before = document.activeElement;
  const held = before instanceof HTMLElement && within.contains(before) ? before : null;
  const range = held && selection(held);
  change();
  if (!held?.id || document.activeElement === held) return;
  const after = document.getElementById(held.id);
  after?.focus({ preventScroll: true });
  if (range && (after instanceof HTMLInputElement || after instanceof HTMLTextAreaElement)) {
    after.setSelectionRange(range[0], range[1]);
  }
}

/** @param {HTMLElement} node @returns {[number, number] | null} */
function selection(node) {
  if (!(node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement)) return null;
  return node.selectionStart === null ? null : [node.selectionStart, node.selectionEnd ?? 0];
}

/** A DOM id that joins several parts. @param {...string} parts */
export function idOf(...parts) {
  return parts.map((part) => encodeURIComponent(part)).join("-");
}

/** @param {string} id @returns {HTMLElement} */
export function getById(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`The page has no #${id}.`);
  return node;
}
