using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Architecture;

/// <summary>The house has floors: a lower one never names a higher one, and rooms of one floor do not name each other.</summary>
public sealed class LevelTests
{
    private static readonly Dictionary<string, int> Floors = new(StringComparer.Ordinal)
    {
        ["StickySessions.Diagnostics"] = 0,
        ["StickySessions.Redis"] = 1,
        ["StickySessions.Tokens"] = 1,
        ["StickySessions.Cluster"] = 2,
        ["StickySessions.Policies"] = 2,
        ["StickySessions.Ownership"] = 3,
        ["StickySessions.Forwarding"] = 3,
        ["StickySessions.State"] = 4,
        ["StickySessions"] = 5,
        ["Microsoft.AspNetCore.Builder"] = 6,
        ["Microsoft.AspNetCore.Http"] = 6,
        ["Microsoft.Extensions.DependencyInjection"] = 6,
    };

    [Fact]
    public void EveryType_NamesOnlyLowerFloors()
    {
        var upward =
            from type in TypesOfTheProduct()
            from named in NamedTypes.Of(type)
            where named.Assembly == type.Assembly && RoomOf(named) != RoomOf(type) && IsOfTheProduct(named)
            where FloorOf(named) >= FloorOf(type)
            select $"{type.FullName} names {named.FullName}";

        Assert.Empty(upward.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void EveryType_LivesOnAKnownFloor()
        => Assert.Empty(TypesOfTheProduct().Where(type => !Floors.ContainsKey(RoomOf(type))).Select(type => type.FullName));

    [Fact]
    public void NamedTypes_FindsWhatAMethodBodyNames()
        => Assert.Contains(typeof(SessionId), NamedTypes.Of(typeof(LevelTests)));

    private static IEnumerable<Type> TypesOfTheProduct() => typeof(SessionId).Assembly.GetTypes().Where(IsOfTheProduct);

    // Attributes that the compiler embeds have namespaces of their own.
    private static bool IsOfTheProduct(Type type)
        => RoomOf(type) is { Length: > 0 } room
            && room is not ("Microsoft.CodeAnalysis" or "System.Runtime.CompilerServices" or "System.Text.RegularExpressions.Generated");

    private static string RoomOf(Type type) => type.Namespace ?? "";

    private static int FloorOf(Type type) => Floors.GetValueOrDefault(RoomOf(type), int.MaxValue);
}
