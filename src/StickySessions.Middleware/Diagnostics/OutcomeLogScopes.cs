using Microsoft.Extensions.Logging;

namespace StickySessions.Diagnostics;

/// <summary>Opens scopes for what is logged while a request runs or is forwarded, whoever logs it.</summary>
internal sealed class OutcomeLogScopes(ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger("StickySessions");

    public IDisposable? Begin(in OutcomeFacts facts) => _logger.BeginScope(new OutcomeScope(facts));
}
