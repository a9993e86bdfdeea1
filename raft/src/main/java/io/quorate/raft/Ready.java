package io.quorate.raft;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a core wants on disk, and what may be sent once it is there.
 *
 * @param snapshot came from the leader: replaces the whole log before the entries are written; the
 *     state machine is restored from it before anything else is applied
 * @param hardState to persist when it changed
 * @param entries to persist; the first one also cuts off whatever the disk has from its index on
 * @param messages to send after all this is synced, not before
 */
public record Ready(
    @Nullable Snapshot snapshot,
    @Nullable HardState hardState,
    List<Entry> entries,
    List<Envelope> messages) {

  /** A message and where it goes. */
  public record Envelope(PeerId to, Message.ToCore message) {}

  /** Whether there is anything to write before the messages go. */
  public boolean mustPersist() {
    return snapshot != null || hardState != null || !entries.isEmpty();
  }
}
