namespace StickySessions.Diagnostics;

/// <summary>Stable ids of the log events, a hundred for each feature.</summary>
internal static class StickyEventIds
{
    public const int Tokens = 1000;
    public const int Policies = 1500;
    public const int Cluster = 2000;
    public const int Redis = 2500;
    public const int Ownership = 3000;
    public const int Forwarding = 4000;
    public const int Middleware = 5000;
    public const int State = 6000;
}
