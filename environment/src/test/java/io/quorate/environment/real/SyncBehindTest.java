package io.quorate.environment.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * Linux tells of a lost write once. If a sync that nobody waits for could swallow that, an SSTable
 * would be listed whose bytes are not on the disk.
 */
class SyncBehindTest {
  private final SyncBehind behind = new SyncBehind();
  private final AtomicInteger runs = new AtomicInteger();

  @Test
  void aFailureIsToldThoughLaterSyncsWouldSucceed() {
    behind.begin(() -> {
      throw new IOException("Input/output error");
    });
    behind.begin(runs::incrementAndGet);
    assertThatThrownBy(behind::await).hasMessageContaining("Input/output error");
    behind.begin(runs::incrementAndGet);
    assertThatThrownBy(behind::await).hasMessageContaining("Input/output error");
    assertThat(runs).as("nothing is synced behind a failure").hasValue(0);
  }

  /** A writer that is faster than the disk must not pile up threads. */
  @Test
  void oneSyncIsUnderWayAtATime() throws IOException {
    CountDownLatch released = new CountDownLatch(1);
    behind.begin(() -> {
      try {
        released.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      runs.incrementAndGet();
    });
    behind.begin(runs::incrementAndGet);
    released.countDown();
    behind.await();
    assertThat(runs).hasValue(1);
    behind.begin(runs::incrementAndGet);
    behind.await();
    assertThat(runs).hasValue(2);
  }

  @Test
  void nothingIsWaitedForWhenNothingWasBegun() throws IOException {
    behind.await();
  }
}
