package io.quorate.tools.bench;

import java.util.random.RandomGenerator;

/**
 * Draws keys from 0 up to a count. Immutable: each user brings its own random numbers.
 *
 * <p>Zipfian: rank r has weight 1 / (r+1)^0.99, drawn as in Gray et al., "Quickly Generating
 * Billion-Record Synthetic Databases" (SIGMOD 1994), section 3.2; ranks are scattered over the keys
 * by a hash so that hot keys do not lie side by side.
 */
sealed interface KeyChooser {
  long next(RandomGenerator random);

  /** Each key as often as any other. */
  record Uniform(long count) implements KeyChooser {
    @Override
    public long next(RandomGenerator random) {
      return random.nextLong(count);
    }
  }

  /** Few keys often, many keys seldom. */
  record Zipfian(long count, double zeta, double eta) implements KeyChooser {
    static final double THETA = 0.99;
    private static final double ALPHA = 1 / (1 - THETA);

    static Zipfian of(long count) {
      double zeta = 0;
      for (long rank = 1; rank <= count; rank++) {
        zeta += 1 / Math.pow((double) rank, THETA);
      }
      double zetaOfTwo = 1 + 1 / Math.pow(2, THETA);
      double eta = (1 - Math.pow(2.0 / count, 1 - THETA)) / (1 - zetaOfTwo / zeta);
      return new Zipfian(count, zeta, eta);
    }

    @Override
    public long next(RandomGenerator random) {
      return Math.floorMod(scatter(rank(random.nextDouble())), count);
    }

    long rank(double drawn) {
      double weighted = drawn * zeta;
      if (weighted < 1 || count == 1) {
        return 0;
      }
      if (weighted < 1 + Math.pow(0.5, THETA) || count == 2) {
        return 1;
      }
      return Math.min(count - 1, (long) (count * Math.pow(eta * drawn - eta + 1, ALPHA)));
    }
  }

  /** Mixes the bits of a number (the finalizer of MurmurHash3). Different for different numbers. */
  static long scatter(long number) {
    long mixed = number;
    mixed ^= mixed >>> 33;
    mixed *= 0xff51afd7ed558ccdL;
    mixed ^= mixed >>> 33;
    mixed *= 0xc4ceb9fe1a85ec53L;
    return mixed ^ mixed >>> 33;
  }
}
