//! Connectors against their stand-ins: HubSpot, and of a model provider what a bare model server cannot do (tools,
//! moderation, limits, refusals).

#[path = "standin/azure.rs"]
mod azure;
#[path = "standin/hubspot.rs"]
mod hubspot;
#[path = "standin/openai.rs"]
mod openai;
