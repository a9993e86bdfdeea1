package io.quorate.environment.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.environment.Background;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A start that went on before every part of its work had ended would serve half of its data. */
class ParallelPartsTest {
  private final ThreadedBackground background = new ThreadedBackground(Throwable::printStackTrace);

  @Test
  void partsRunAtTheSameTime() throws IOException {
    CountDownLatch met = new CountDownLatch(3);
    AtomicInteger waited = new AtomicInteger();
    Background.Part part =
        () -> {
          met.countDown();
          try {
            waited.addAndGet(met.await(60, TimeUnit.SECONDS) ? 1 : 0);
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
        };
    background.inParallel(List.of(part, part, part));
    assertThat(waited).hasValue(3);
  }

  @Test
  void aFailureIsToldOnceAllHaveEnded() {
    AtomicInteger ended = new AtomicInteger();
    Background.Part fine = ended::incrementAndGet;
    Background.Part full =
        () -> {
          throw new IOException("disk full");
        };
    assertThatThrownBy(() -> background.inParallel(List.of(full, fine, full, fine)))
        .isInstanceOf(IOException.class)
        .hasMessage("disk full")
        .satisfies(failure -> assertThat(failure.getSuppressed()).hasSize(1));
    assertThat(ended).hasValue(2);
  }

  @Test
  void aBugIsNotTakenForAFailureOfTheDisk() {
    Background.Part bug =
        () -> {
          throw new IllegalStateException("a bug");
        };
    assertThatThrownBy(() -> background.inParallel(List.of(() -> {}, bug)))
        .isInstanceOf(IllegalStateException.class);
  }
}
