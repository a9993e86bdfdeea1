package io.quorate.hintedhandoff;

/**
 * Limits of hinted handoff.
 *
 * @param windowNanos how long a target may be down and still get hints
 * @param ttlSeconds age at which a hint is dropped instead of delivered
 * @param maxBytesPerTarget hints on disk for one target
 * @param maxBytes hints on disk for all targets
 * @param maxBufferedBytes hints on their way to the disk
 * @param fileBytes size at which a file is closed and the next begun
 * @param syncIntervalNanos longest time for which a written hint is not synced
 * @param maxInflight hints on their way to one target
 * @param maxTargets targets that are delivered to at the same time
 * @param bytesPerSecond throttle of deliveries to one target
 * @param batchBytes read from a file at once
 * @param deliveryTimeoutNanos how long a batch may take before it is given up
 * @param retryNanos pause after a failed delivery, and between looks for new hints
 */
public record HintConfig(
    long windowNanos,
    int ttlSeconds,
    long maxBytesPerTarget,
    long maxBytes,
    long maxBufferedBytes,
    int fileBytes,
    long syncIntervalNanos,
    int maxInflight,
    int maxTargets,
    long bytesPerSecond,
    int batchBytes,
    long deliveryTimeoutNanos,
    long retryNanos) {

  private static final long SECOND = 1_000_000_000L;

  /** Hints for three hours of downtime; 4 GiB for a target, 8 GiB in all. */
  public static final HintConfig DEFAULT =
      new HintConfig(
          3 * 3_600 * SECOND,
          3 * 24 * 3_600,
          4L << 30,
          8L << 30,
          64L << 20,
          16 << 20,
          SECOND,
          32,
          4,
          32L << 20,
          256 << 10,
          30 * SECOND,
          5 * SECOND);

  public HintConfig {
    if (windowNanos < 0 || ttlSeconds <= 0 || syncIntervalNanos <= 0 || retryNanos <= 0) {
      throw new IllegalArgumentException("hints need a window and positive intervals");
    }
    if (maxBytesPerTarget <= 0 || maxBytes <= 0 || maxBufferedBytes <= 0 || fileBytes <= 0) {
      throw new IllegalArgumentException("hints need room");
    }
    if (maxInflight <= 0 || maxTargets <= 0 || bytesPerSecond <= 0 || batchBytes <= 0) {
      throw new IllegalArgumentException("hints would never be delivered");
    }
  }

  /** The same with other limits of room. */
  public HintConfig withRoom(long perTarget, long total, int file) {
    return new HintConfig(
        windowNanos,
        ttlSeconds,
        perTarget,
        total,
        maxBufferedBytes,
        file,
        syncIntervalNanos,
        maxInflight,
        maxTargets,
        bytesPerSecond,
        batchBytes,
        deliveryTimeoutNanos,
        retryNanos);
  }

  /** The same with other limits of time. */
  public HintConfig withTimes(long window, int ttl) {
    return new HintConfig(
        window,
        ttl,
        maxBytesPerTarget,
        maxBytes,
        maxBufferedBytes,
        fileBytes,
        syncIntervalNanos,
        maxInflight,
        maxTargets,
        bytesPerSecond,
        batchBytes,
        deliveryTimeoutNanos,
        retryNanos);
  }

  /** The same with other limits of delivery. */
  public HintConfig withDelivery(int inflight, long throttleBytesPerSecond, int batch) {
    return new HintConfig(
        windowNanos,
        ttlSeconds,
        maxBytesPerTarget,
        maxBytes,
        maxBufferedBytes,
        fileBytes,
        syncIntervalNanos,
        inflight,
        maxTargets,
        throttleBytesPerSecond,
        batch,
        deliveryTimeoutNanos,
        retryNanos);
  }
}
