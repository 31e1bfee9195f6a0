/** Events in the order of time, and of arrival where times are equal: a binary heap, and the virtual clock that it drives. */

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class Queue {
  readonly #heap: Event[] = [];
  #order = 0;
  /** True time, in milliseconds. */
  now = 0;
  /** Events so far. */
  count = 0;

  at(time: number, run: () => void): void {
    const heap = this.#heap;
    const event: Event = { at: Math.max(time, this.now), order: this.#order++, run };
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Event;
      if (!isBefore(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  in(milliseconds: number, run: () => void): void {
    this.at(this.now + milliseconds, run);
  }

  /** Until this time, or until `isOver` says so. */
  runUntil(end: number, isOver: () => boolean): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end && !isOver(); next = this.#heap[0]) {
      this.#take();
      this.now = next.at;
      this.count += 1;
      next.run();
    }
  }

  #take(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    const { length } = heap;
    if (length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[index] = heap[child] as Event;
      index = child;
    }
    heap[index] = last;
  }
}
