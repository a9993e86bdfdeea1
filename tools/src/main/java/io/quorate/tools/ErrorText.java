package io.quorate.tools;

import io.quorate.client.RequestError;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.protocol.ErrorDetails;
import java.util.Locale;

/** What the cluster refused, in one line that says what was achieved. */
public final class ErrorText {
  private ErrorText() {}

  public static String of(RequestError error) {
    String kind = error.code().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    return switch (error.details()) {
      case ErrorDetails.Unavailable d ->
          kind + ": " + needs(d.consistency(), d.required()) + ", " + d.alive() + " alive";
      case ErrorDetails.WriteTimeout d ->
          kind
              + ": "
              + answered(d.consistency(), d.received(), d.required())
              + " in time; the outcome of this "
              + d.writeType()
              + " write is unknown";
      case ErrorDetails.ReadTimeout d ->
          kind + ": " + answered(d.consistency(), d.received(), d.required()) + " in time";
      case ErrorDetails.ReadFailure d ->
          kind + ": " + answered(d.consistency(), d.received(), d.required()) + ", others failed";
      case ErrorDetails.WriteFailure d ->
          kind
              + ": "
              + answered(d.consistency(), d.received(), d.required())
              + ", others failed; the write may still take effect";
      case ErrorDetails.CasWriteUnknown d ->
          kind
              + ": "
              + answered(d.consistency(), d.received(), d.required())
              + "; whether the condition was applied is unknown";
      case ErrorDetails.None d -> kind + ": " + error.getMessage();
      case ErrorDetails.FunctionFailure d -> kind + ": " + error.getMessage();
      case ErrorDetails.AlreadyExists d -> kind + ": " + error.getMessage();
      case ErrorDetails.Unprepared d -> kind + ": " + error.getMessage();
    };
  }

  private static String needs(ConsistencyLevel level, int required) {
    return level + " needs " + required + (required == 1 ? " replica" : " replicas");
  }

  private static String answered(ConsistencyLevel level, int received, int required) {
    return needs(level, required) + ", " + received + " answered";
  }
}
