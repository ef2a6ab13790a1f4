using System.Diagnostics.Metrics;

namespace StickySessions.Forwarding;

/// <summary>Counts what is forwarded and what is refused.</summary>
internal sealed class ForwardingMetrics
{
    private readonly Counter<long> _forwarded;
    private readonly Counter<long> _refused;

    public ForwardingMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("StickySessions");
        _forwarded = meter.CreateCounter<long>("stickysessions.forwarded", "{request}", "Requests sent to another node, by outcome.");
        _refused = meter.CreateCounter<long>("stickysessions.interconnect.refused", "{request}", "Requests on the interconnect without a valid envelope.");
    }

    public void Forwarded(ForwardStatus status)
    {
        if (_forwarded.Enabled)
        {
            _forwarded.Add(1, new KeyValuePair<string, object?>("outcome", Name(status)));
        }
    }

    public void Refused() => _refused.Add(1);

    private static string Name(ForwardStatus status) => status switch
    {
        ForwardStatus.Completed => "completed",
        ForwardStatus.NotMine => "not_mine",
        ForwardStatus.NotSent => "not_sent",
        _ => "failed",
    };
}
