package io.quorate.hintedhandoff;

import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Bytes that hints take, and since when targets are down: what decides, on any shard, whether a
 * hint is taken in. Safe for concurrent use; two shards may together exceed a quota by their last
 * hint.
 */
final class HintQuotas {
  private final HintConfig config;
  private final AtomicLong buffered = new AtomicLong();
  private final AtomicLong total = new AtomicLong();
  private final Map<UUID, AtomicLong> byTarget = new ConcurrentHashMap<>();
  private final Map<UUID, Long> downSinceNanos = new ConcurrentHashMap<>();
  private final Set<UUID> alive = ConcurrentHashMap.newKeySet();

  HintQuotas(HintConfig config) {
    this.config = config;
  }

  /** Checks only. */
  HintOutcome admits(UUID target, long bytes, long nowNanos) {
    Long since = downSinceNanos.get(target);
    if (since != null && nowNanos - since > config.windowNanos()) {
      return HintOutcome.WINDOW_OVER;
    }
    if (ofTarget(target).get() + bytes > config.maxBytesPerTarget()) {
      return HintOutcome.TARGET_FULL;
    }
    if (total.get() + bytes > config.maxBytes()) {
      return HintOutcome.STORE_FULL;
    }
    return buffered.get() + bytes > config.maxBufferedBytes()
        ? HintOutcome.OVERLOADED
        : HintOutcome.STORED;
  }

  /** Counts a hint that is on its way to the disk. */
  void buffer(UUID target, long bytes) {
    buffered.addAndGet(bytes);
    add(target, bytes);
  }

  /** It is no longer on its way, whether it arrived or not. */
  void unbuffer(long bytes) {
    buffered.addAndGet(-bytes);
  }

  /** Counts bytes on disk; negative when they are gone. */
  void add(UUID target, long bytes) {
    total.addAndGet(bytes);
    ofTarget(target).addAndGet(bytes);
  }

  private AtomicLong ofTarget(UUID target) {
    return byTarget.computeIfAbsent(target, id -> new AtomicLong());
  }

  /** Hints of before this node's start show that a target was down then, if it still is. */
  void recovered(UUID target, long sinceNanos) {
    if (!alive.contains(target)) {
      downSinceNanos.merge(target, sinceNanos, (a, b) -> a - b < 0 ? a : b);
    }
  }

  void down(UUID target, long nowNanos) {
    alive.remove(target);
    downSinceNanos.putIfAbsent(target, nowNanos);
  }

  void alive(UUID target) {
    alive.add(target);
    downSinceNanos.remove(target);
  }
}
