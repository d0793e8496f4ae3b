/** Which trial is under the pointer and which one is selected, shared by every chart and the table. */

export type Source = string;
type Listener = (shown: number[], source: Source) => void;

const listeners: Listener[] = [];
let hovered: number | null = null;
let selected: number | null = null;
let queued = false;
let lastSource: Source = '';

export function onHighlight(listener: Listener): void {
  listeners.push(listener);
}

/** The selected trial first, then the one under the pointer. */
export function highlighted(): number[] {
  return [...new Set([selected, hovered].filter((id): id is number => id !== null))];
}

export function selectedTrial(): number | null {
  return selected;
}

export function hover(id: number | null, source: Source): void {
  if (hovered === id) return;
  hovered = id;
  announce(source);
}

/** Selects the trial; selecting it again lets it go. */
export function toggle(id: number, source: Source): void {
  selected = selected === id ? null : id;
  announce(source);
}

export function clear(source: Source): void {
  if (selected === null && hovered === null) return;
  selected = hovered = null;
  announce(source);
}

/** At most once per frame: a pointer that crosses hundreds of points must not redraw hundreds of times. */
function announce(source: Source): void {
  lastSource = source;
  if (queued) return;
  queued = true;
  requestAnimationFrame(() => {
    queued = false;
    for (const listener of listeners) listener(highlighted(), lastSource);
  });
}
