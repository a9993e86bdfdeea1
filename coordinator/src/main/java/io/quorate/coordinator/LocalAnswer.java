package io.quorate.coordinator;

import org.jspecify.annotations.Nullable;

/** What this node, as a replica, says to a request. One of the three is called, once. */
interface LocalAnswer<T extends @Nullable Object> {
  void done(T value);

  /**
   * @param why one line; a client whose request fails for it is told
   */
  void refused(String why);

  /**
   * The request was planned too long ago.
   *
   * @param epoch planned anew under this one, or a later one, it might be taken
   */
  default void stale(long epoch, String why) {
    refused(why);
  }
}
