package io.quorate.coordinator;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Keeps writes for replicas that could not take them. Safe for use from every shard. */
public interface Hints {

  /**
   * @param hint as {@link HintedMutation} encodes it
   * @param stored called on the calling shard once the hint is on disk; not called when it is not
   *     taken. Null when nobody waits
   */
  void keep(UUID target, byte[] hint, @Nullable Runnable stored);
}
