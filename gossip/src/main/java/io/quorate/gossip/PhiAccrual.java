package io.quorate.gossip;

/**
 * How improbable a node's silence is, given the rhythm of its heartbeats: Hayashibara, Défago,
 * Yared and Katayama, <i>The φ Accrual Failure Detector</i>, SRDS 2004, section 4. {@code phi} is
 * {@code -log10} of the chance that a heartbeat comes later than now, with intervals taken as
 * normally distributed. It grows with the silence, faster for a node that used to be regular, so
 * that one threshold suits fast and slow links.
 *
 * <p>Owned by the core; not thread-safe.
 */
final class PhiAccrual {
  private static final int WINDOW = 100;

  private final double minDeviation;
  private final long[] intervals = new long[WINDOW];
  private int count;
  private int next;
  private double sum;
  private double sumOfSquares;
  private long lastNanos;

  /** Starts with a guess, so that a node that dies after its first heartbeat is noticed too. */
  PhiAccrual(long nowNanos, long firstGuessNanos, long minDeviationNanos) {
    this.minDeviation = minDeviationNanos;
    this.lastNanos = nowNanos;
    add(firstGuessNanos - firstGuessNanos / 4);
    add(firstGuessNanos + firstGuessNanos / 4);
  }

  /** A heartbeat arrived. */
  void arrived(long nowNanos) {
    add(nowNanos - lastNanos);
    lastNanos = nowNanos;
  }

  /** The node lives, though this was no heartbeat: the silence is over, the rhythm unchanged. */
  void heard(long nowNanos) {
    lastNanos = nowNanos;
  }

  /** This node itself was stopped for a while, which says nothing about the other. */
  void skip(long pausedNanos) {
    lastNanos += pausedNanos;
  }

  long silenceNanos(long nowNanos) {
    return nowNanos - lastNanos;
  }

  double phi(long nowNanos) {
    double mean = sum / count;
    double variance = Math.max(0, sumOfSquares / count - mean * mean);
    double deviation = Math.max(Math.sqrt(variance), minDeviation);
    double y = (silenceNanos(nowNanos) - mean) / deviation;
    // A logistic approximation of the normal distribution's tail, within 1.4e-4 (Bowling et al.,
    // Journal of Industrial Engineering and Management, 2009).
    double e = Math.exp(-y * (1.5976 + 0.070566 * y * y));
    return y > 0 ? -Math.log10(e / (1 + e)) : -Math.log10(1 - 1 / (1 + e));
  }

  private void add(long interval) {
    if (count == WINDOW) {
      double oldest = intervals[next];
      sum -= oldest;
      sumOfSquares -= oldest * oldest;
    } else {
      count++;
    }
    intervals[next] = interval;
    next = (next + 1) % WINDOW;
    sum += interval;
    sumOfSquares += (double) interval * interval;
  }
}
