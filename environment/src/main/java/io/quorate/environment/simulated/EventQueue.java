package io.quorate.environment.simulated;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What is to happen, the earliest first, and of what is to happen at one time what was planned
 * first. A binary heap, as {@link java.util.PriorityQueue} is; but a simulation does little else
 * than to take the next event, so this one compares without a call.
 *
 * <p>Owned by its world; not thread-safe.
 */
final class EventQueue {
  private @Nullable Event[] heap = new Event[1024];
  private int size;
  private long planned;

  /** A task, and when it is due. */
  static final class Event {
    final long atNanos;
    final int label;
    final Runnable task;
    private final long order;

    private Event(long atNanos, long order, int label, Runnable task) {
      this.atNanos = atNanos;
      this.order = order;
      this.label = label;
      this.task = task;
    }

    private boolean isBefore(Event other) {
      return atNanos < other.atNanos || (atNanos == other.atNanos && order < other.order);
    }
  }

  /** When the next event is due; {@link Long#MAX_VALUE} when there is none. */
  long nextNanos() {
    Event first = heap[0];
    return first == null ? Long.MAX_VALUE : first.atNanos;
  }

  void add(long atNanos, int label, Runnable task) {
    if (size == heap.length) {
      heap = Arrays.copyOf(heap, 2 * size);
    }
    Event added = new Event(atNanos, planned++, label, task);
    int at = size++;
    while (at > 0) {
      int parent = (at - 1) >>> 1;
      Event above = heap[parent];
      if (above == null || above.isBefore(added)) {
        break;
      }
      heap[at] = above;
      at = parent;
    }
    heap[at] = added;
  }

  /** Takes the next event; null when there is none. */
  @Nullable Event poll() {
    Event first = heap[0];
    if (first == null) {
      return null;
    }
    Event last = heap[--size];
    heap[size] = null;
    if (size > 0 && last != null) {
      sinkFromTop(last);
    }
    return first;
  }

  private void sinkFromTop(Event moved) {
    int at = 0;
    while (true) {
      int child = 2 * at + 1;
      Event least = child < size ? heap[child] : null;
      Event right = child + 1 < size ? heap[child + 1] : null;
      if (least != null && right != null && right.isBefore(least)) {
        child++;
        least = right;
      }
      if (least == null || moved.isBefore(least)) {
        heap[at] = moved;
        return;
      }
      heap[at] = least;
      at = child;
    }
  }
}
