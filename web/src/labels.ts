/** Keeps the labels of neighbouring points apart. */

export interface LabelBox {
  /** The point in pixels, and where its text runs from there. */
  x: number;
  y: number;
  align: 'left' | 'right';
  text: string;
}

const CHARACTER_PX = 7;
export const LINE_PX = 15;

/** How many lines each label must move away from its point so that no two cover each other; x and y in pixels. */
export function spreadLabels(boxes: LabelBox[]): number[] {
  const placed: { left: number; right: number; y: number }[] = [];
  return boxes.map((box) => {
    const width = box.text.length * CHARACTER_PX;
    const left = box.align === 'left' ? box.x : box.x - width;
    let lines = 0;
    const covered = (): boolean => placed.some((other) =>
      left < other.right && other.left < left + width && Math.abs(other.y - (box.y - lines * LINE_PX)) < LINE_PX);
    while (covered()) ++lines;
    placed.push({ left, right: left + width, y: box.y - lines * LINE_PX });
    return lines;
  });
}
