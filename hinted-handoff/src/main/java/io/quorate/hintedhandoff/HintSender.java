package io.quorate.hintedhandoff;

import java.util.UUID;
import java.util.function.Consumer;

/** Carries a mutation to the node it is for. */
public interface HintSender {

  /**
   * Called on the dispatcher's shard.
   *
   * @param acknowledged to be called once, on any thread: whether the target has applied it
   */
  void send(UUID target, byte[] mutation, Consumer<Boolean> acknowledged);
}
