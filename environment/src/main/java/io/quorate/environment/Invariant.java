package io.quorate.environment;

/**
 * What must hold in every run, in production too. A broken invariant is a bug of ours: it throws,
 * and the node stops rather than go on with state that it cannot trust.
 */
public final class Invariant {
  private Invariant() {}

  /** Thrown where an invariant does not hold. */
  public static final class Broken extends IllegalStateException {
    private static final long serialVersionUID = 1;

    public Broken(String message) {
      super(message);
    }
  }

  public static void check(boolean holds, String message) {
    if (!holds) {
      throw new Broken(message);
    }
  }

  /** Checks, naming two numbers that should have stood in the asserted relation. */
  public static void check(boolean holds, String message, long left, long right) {
    if (!holds) {
      throw new Broken(message + " (" + left + ", " + right + ")");
    }
  }
}
