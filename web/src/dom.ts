/** Elements in one line. Text is always set as text, so nothing in the data can become markup. */

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | ((event: Event) => void) | undefined>;

export function h(tag: string, attributes: Attributes = {}, ...children: Child[]): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

export function append(element: HTMLElement, children: Child[]): void {
  for (const child of children) if (child !== null && child !== undefined && child !== false) element.append(child);
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

let numIds = 0;

/** A labelled drop-down list; `changed` gets the chosen value. */
export function select(label: string, options: [string, string][], chosen: string, changed: (value: string) => void): HTMLElement {
  const id = `control-${++numIds}`;
  const list = h('select', { id, onchange: (event) => changed((event.target as HTMLSelectElement).value) });
  for (const [value, text] of options) list.append(h('option', { value, selected: value === chosen }, text));
  return h('span', { class: 'control' }, h('label', { for: id }, label), list);
}

export function checkbox(label: string, checked: boolean, changed: (value: boolean) => void): HTMLElement {
  const id = `control-${++numIds}`;
  const box = h('input', { type: 'checkbox', id, checked, onchange: (event) => changed((event.target as HTMLInputElement).checked) });
  return h('span', { class: 'control' }, box, h('label', { for: id }, label));
}

export function section(id: string, title: string, lead: string | null, ...children: Child[]): HTMLElement {
  return h('section', { id, 'aria-labelledby': `${id}-title` },
    h('h2', { id: `${id}-title` }, title), lead ? h('p', { class: 'lead' }, lead) : null, ...children);
}
