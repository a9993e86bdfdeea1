package io.quorate.coordinator;

import io.quorate.environment.Clock;
import io.quorate.environment.Shard;

/**
 * The deadlines of one shard's requests: a hashed timing wheel (Varghese and Lauck, SOSP 1987,
 * scheme 6). Almost every request ends long before its deadline, so entering and leaving cost a few
 * stores and no allocation. A deadline is never noticed early, and at most two ticks late.
 *
 * <p>Owned by its shard; not thread-safe.
 */
final class TimeoutWheel {
  static final long TICK_NANOS = 16_000_000;
  private static final int SLOTS = 1024;

  /** What can time out. Entered in one wheel at most, once at a time. */
  abstract static class Entry {
    private Entry previous = this;
    private Entry next = this;
    private long deadlineNanos;

    /** The deadline has passed. Called once, after which the entry is in no wheel. */
    abstract void timedOut();

    final void enter(Entry before, Entry behind) {
      previous = before;
      next = behind;
      before.next = this;
      behind.previous = this;
    }

    /** Leaves the wheel. Idempotent. */
    final void leaveWheel() {
      previous.next = next;
      next.previous = previous;
      previous = this;
      next = this;
    }
  }

  /** A circular list of entries, of which it is itself the end. */
  private static final class Slot extends Entry {
    @Override
    void timedOut() {
      throw new IllegalStateException("a slot has no deadline");
    }

    Entry first() {
      return super.next;
    }

    void append(Entry entry) {
      entry.enter(super.previous, this);
    }

    @SuppressWarnings("ReferenceEquality") // an empty list is its own neighbour
    void moveAllTo(Slot empty) {
      if (first() != this) {
        Entry first = first();
        Entry last = super.previous;
        leaveWheel();
        empty.enter(last, first);
      }
    }
  }

  private final Clock clock;
  private final Shard shard;
  private final Slot[] slots = new Slot[SLOTS];
  private final Slot expiring = new Slot();
  private long nextTick;
  private boolean ticking;

  TimeoutWheel(Clock clock, Shard shard) {
    this.clock = clock;
    this.shard = shard;
    for (int i = 0; i < SLOTS; i++) {
      slots[i] = new Slot();
    }
  }

  void enter(Entry entry, long deadlineNanos) {
    if (!ticking) {
      ticking = true;
      nextTick = Math.floorDiv(clock.nanos(), TICK_NANOS);
      shard.schedule(TICK_NANOS, this::tick);
    }
    entry.leaveWheel();
    entry.deadlineNanos = deadlineNanos;
    long tick = Math.max(nextTick, Math.floorDiv(deadlineNanos, TICK_NANOS) + 1);
    Slot slot = slots[(int) Math.floorMod(tick, (long) SLOTS)];
    slot.append(entry);
  }

  private void tick() {
    long now = clock.nanos();
    long last = Math.floorDiv(now, TICK_NANOS);
    // After a long pause one turn of the wheel sees every slot.
    long first = Math.max(nextTick, last - SLOTS + 1);
    for (long tick = first; tick <= last; tick++) {
      // What times out may enter something that is due already: that comes behind this slot.
      nextTick = tick + 1;
      expire(slots[(int) Math.floorMod(tick, (long) SLOTS)], now);
    }
    shard.schedule(TICK_NANOS, this::tick);
  }

  /**
   * Takes the slot's entries out one by one. What times out may remove or move any other, so
   * nothing but the head of a list is remembered while it runs.
   */
  @SuppressWarnings("ReferenceEquality") // the end of a circular list is told by identity
  private void expire(Slot slot, long now) {
    slot.moveAllTo(expiring);
    while (expiring.first() != expiring) {
      Entry entry = expiring.first();
      entry.leaveWheel();
      if (entry.deadlineNanos - now <= 0) {
        entry.timedOut();
      } else {
        slot.append(entry);
      }
    }
  }
}
