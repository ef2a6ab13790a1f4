using Microsoft.Extensions.Options;
using StickySessions.Policies;
using StickySessions.Redis;

namespace StickySessions.State;

/// <summary>What a policy means that says nothing of its durability: the safest that it can have.</summary>
internal sealed class DurabilityDefault(IOptions<StickyRedisOptions> redis) : IPostConfigureOptions<StickyPolicyOptions>
{
    public void PostConfigure(string? name, StickyPolicyOptions options)
        => options.Durability ??= redis.Value.Configuration is not null && options.Method != StickyMethod.Hash
            ? SessionDurability.BeforeResponse
            : SessionDurability.None;
}
