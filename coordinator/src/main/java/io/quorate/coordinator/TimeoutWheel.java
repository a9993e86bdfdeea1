package io.quorate.coordinator;

import io.quorate.environment.Clock;
import io.quorate.environment.Shard;

/**
 * The deadlines of one shard's requests: a hashed timing wheel (Varghese and Lauck, SOSP 1987,
 * scheme 6). Almost every request ends long before its deadline, so entering and leaving cost a few
 * stores and no allocation; a deadline is noticed up to {@link #TICK_NANOS} late.
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

    /** Leaves the wheel. Idempotent. */
    final void leaveWheel() {
      previous.next = next;
      next.previous = previous;
      previous = this;
      next = this;
    }
  }

  private static final class Slot extends Entry {
    @Override
    void timedOut() {
      throw new IllegalStateException("a slot has no deadline");
    }
  }

  private final Clock clock;
  private final Shard shard;
  private final Slot[] slots = new Slot[SLOTS];
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
    Entry slot = slots[(int) Math.floorMod(tick, (long) SLOTS)];
    entry.previous = slot.previous;
    entry.next = slot;
    slot.previous.next = entry;
    slot.previous = entry;
  }

  private void tick() {
    long now = clock.nanos();
    long last = Math.floorDiv(now, TICK_NANOS);
    // After a long pause one turn of the wheel sees every slot.
    long first = Math.max(nextTick, last - SLOTS + 1);
    for (long tick = first; tick <= last; tick++) {
      expire(slots[(int) Math.floorMod(tick, (long) SLOTS)], now);
    }
    nextTick = last + 1;
    shard.schedule(TICK_NANOS, this::tick);
  }

  @SuppressWarnings("ReferenceEquality") // the end of a circular list is told by identity
  private static void expire(Entry slot, long now) {
    Entry entry = slot.next;
    while (entry != slot) {
      Entry following = entry.next;
      if (entry.deadlineNanos - now <= 0) {
        entry.leaveWheel();
        entry.timedOut();
        // What timed out may have removed its neighbour.
        following = following.next == following && following != slot ? slot.next : following;
      }
      entry = following;
    }
  }
}
